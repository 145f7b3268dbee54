"""From an OCI spec to steps."""

from typing import Any

import pytest

from boxship.kernel import mount
from boxship.kernel.process import CLONE_NEWCGROUP, CLONE_NEWNS, CLONE_NEWPID
from boxship.lib.errors import InvalidParameter
from boxship.shim.plan import plan
from boxship.shim.steps import STEPS


def spec(**linux: Any) -> dict[str, Any]:
    return {
        "root": {"path": "/r"},
        "process": {"args": ["true"], "cwd": "/w"},
        "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}], **linux},
    }


def with_mount(**entry: Any) -> dict[str, Any]:
    made = plan(spec() | {"mounts": [{"destination": "/m", **entry}]})
    return next(arguments for name, arguments in made["steps"] if arguments.get("target") == "/m")


def test_every_step_has_its_function() -> None:
    made = plan(
        spec(maskedPaths=["/a"], readonlyPaths=["/b"], sysctl={"net.x": "1"})
        | {
            "hostname": "h",
            "domainname": "d",
            "mounts": [
                {"destination": "/dev", "type": "tmpfs"},
                {"destination": "/b", "type": "bind", "source": "/x", "options": ["rbind"]},
                {"destination": "/sys/fs/cgroup", "type": "cgroup"},
            ],
        }
    )
    names = [name for name, _ in made["steps"]]
    assert set(names) <= set(STEPS)
    assert names[0] == "hostname" and names[-1] == "pivot"
    assert made["namespaces"] == CLONE_NEWNS | CLONE_NEWPID


def test_the_cgroup_namespace_begins_after_the_cgroup_is_joined() -> None:
    made = plan(spec(namespaces=[{"type": "mount"}, {"type": "cgroup"}]))
    assert made["steps"][0] == ("unshare", {"flags": CLONE_NEWCGROUP})
    assert made["namespaces"] == CLONE_NEWNS


def test_namespaces_with_a_path_are_joined() -> None:
    made = plan(spec(namespaces=[{"type": "mount"}, {"type": "pid", "path": "/proc/7/ns/pid"}]))
    assert made["join"] == [(CLONE_NEWPID, "/proc/7/ns/pid")]


@pytest.mark.parametrize(
    ("options", "add", "clear"),
    [
        (["ro"], mount.MOUNT_ATTR_RDONLY, 0),
        (["ro", "rw"], 0, mount.MOUNT_ATTR_RDONLY),
        (["nosuid", "noexec"], mount.MOUNT_ATTR_NOSUID | mount.MOUNT_ATTR_NOEXEC, 0),
        (["noatime"], mount.MOUNT_ATTR_NOATIME, mount.MOUNT_ATTR_ATIME),
        (["noatime", "relatime"], 0, mount.MOUNT_ATTR_ATIME),
    ],
)
def test_bind_attributes(options: list[str], add: int, clear: int) -> None:
    step = with_mount(type="bind", source="/s", options=["rbind", *options])
    assert (step["add"], step["clear"], step["recursive"]) == (add, clear, True)


def test_recursive_read_only_and_propagation() -> None:
    step = with_mount(type="bind", source="/s", options=["bind", "rro", "rshared"])
    assert step["recursive_add"] == mount.MOUNT_ATTR_RDONLY
    assert step["propagation"] == mount.MS_SHARED | mount.MS_REC
    assert step["recursive"] is False


def test_a_root_with_peers_is_slave_while_it_is_made() -> None:
    """Shared from the beginning, the host would see each of its mounts."""
    for asked, apart in (("", False), ("rslave", False), ("private", False), ("shared", True), ("rshared", True)):
        steps = plan(spec(namespaces=[{"type": "mount"}], rootfsPropagation=asked))["steps"]
        flags = dict(steps)["propagation"]["flags"]
        assert not flags & mount.MS_SHARED, asked
        assert bool(steps[-1][1].get("propagation")) is apart, asked


def test_shared_binds_are_taken_while_the_tree_has_peers() -> None:
    entries = [
        {"destination": "/m", "type": "bind", "source": "/a", "options": ["rbind", "rshared"]},
        {"destination": "/n", "type": "bind", "source": "/b", "options": ["rbind", "rslave"]},
    ]
    steps = plan(spec() | {"mounts": entries})["steps"]
    assert steps[0] == ("sources", {"sources": [{"kind": "bind", "source": "/a", "recursive": True}]})
    assert steps[1][0] == "propagation"
    assert [arguments.get("early") for name, arguments in steps if name == "bind"] == [0, None]


def test_a_file_systems_own_options_are_kept() -> None:
    step = with_mount(type="tmpfs", source="tmpfs", options=["nosuid", "mode=1777", "size=64k", "noswap"])
    assert step["options"] == [("mode", "1777"), ("size", "64k"), ("noswap", None)]
    assert step["attributes"] == mount.MOUNT_ATTR_NOSUID


@pytest.mark.parametrize(
    "bad",
    [
        {"namespaces": [{"type": "moon"}]},
        {"rootfsPropagation": "sideways"},
    ],
)
def test_what_no_step_can_do_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter):
        plan(spec(**bad))


def test_a_terminal_is_opened_once_and_before_dev_is_read_only() -> None:
    wanted = spec() | {"mounts": [{"destination": "/dev", "type": "tmpfs", "options": ["ro"]}]}
    wanted["process"]["terminal"] = True
    steps = plan(wanted)["steps"]
    names = [name for name, _ in steps]
    assert names.count("console") == 1
    assert names.index("device") < names.index("console") < names.index("remount")
