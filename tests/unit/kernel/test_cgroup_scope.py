"""Slices, scopes and what systemd is told of limits."""

import pytest

from boxship.kernel.cgroup.scope import limits, parse_scope, scope_path, slice_path
from boxship.lib.errors import InvalidParameter
from boxship.shim.plan import plan_cgroup


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("system.slice", "/system.slice"),
        ("a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice"),
        ("-.slice", "/"),
    ],
)
def test_slices_lie_in_slices(name: str, path: str):
    assert slice_path(name) == path


@pytest.mark.parametrize("name", ["system", "a--b.slice", "-a.slice", "a/b.slice", ".slice", "../x.slice"])
def test_what_is_no_slice(name: str):
    with pytest.raises(InvalidParameter, match="invalid slice name"):
        slice_path(name)


def test_scopes_are_named_as_runc_names_them():
    assert parse_scope("user.slice:boxship:abc") == ("user.slice", "boxship-abc.scope")
    assert parse_scope(":libpod:abc") == ("system.slice", "libpod-abc.scope")
    assert scope_path("/", "a-b.slice", "x.scope") == "/a.slice/a-b.slice/x.scope"
    assert scope_path("/docker/c1", "-.slice", "x.scope") == "/docker/c1/x.scope"
    with pytest.raises(InvalidParameter, match="slice:prefix:name"):
        parse_scope("/boxship/abc")


def test_a_plan_has_the_scope_only_when_systemd_is_asked():
    linux = {"cgroupsPath": "system.slice:boxship:abc", "resources": {}}
    assert plan_cgroup(linux, "/") == {
        "path": "/system.slice/boxship-abc.scope",
        "resources": {},
        "scope": {"slice": "system.slice", "unit": "boxship-abc.scope", "description": "container abc"},
    }
    assert "scope" not in plan_cgroup(linux)
    assert plan_cgroup({}) == {"path": "", "resources": {}}


def test_a_path_does_not_lead_out_of_the_hierarchy():
    assert plan_cgroup({"cgroupsPath": "../../etc/../x"})["path"] == "/x"


def test_limits_of_v2():
    resources = {
        "memory": {"limit": 100, "swap": 150, "reservation": 50},
        "cpu": {"shares": 1024, "quota": 15_001, "period": 50_000, "cpus": "0-2,9"},
        "pids": {"limit": -1},
    }
    assert dict(limits(resources, 2)) == {
        "MemoryMax": ("t", 100),
        "MemorySwapMax": ("t", 50),
        "MemoryLow": ("t", 50),
        "CPUWeight": ("t", 100),
        # Never less than what was asked for.
        "CPUQuotaPerSecUSec": ("t", 310_000),
        "CPUQuotaPeriodUSec": ("t", 50_000),
        "AllowedCPUs": ("ay", [0b111, 0b10]),
        "TasksMax": ("t", (1 << 64) - 1),
    }
    assert dict(limits({"memory": {"limit": 100}, "cpu": {"shares": 512}}, 1)) == {
        "MemoryLimit": ("t", 100),
        "CPUShares": ("t", 512),
    }


def test_devices_are_told_as_long_as_systemd_has_words_for_them():
    deny = {"allow": False, "access": "rwm"}
    told = dict(limits({"devices": [deny, {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"}]}, 2))
    assert told["DevicePolicy"] == ("s", "strict")
    assert {("/dev/char/1:11", "r"), ("char-*", "m")} <= set(told["DeviceAllow"][1])
    # Any major with one minor: the group's own rules say it alone.
    assert limits({"devices": [deny, {"allow": True, "type": "c", "minor": 3, "access": "r"}]}, 2) == []
    assert limits({"devices": [{"allow": True, "access": "rwm"}]}, 2) == []
