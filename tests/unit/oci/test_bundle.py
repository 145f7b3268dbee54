"""What `create` refuses of a config.json, what it makes of paths, and what it only warns of."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxship.lib.errors import BoxshipError, InvalidParameter, NotFound
from boxship.oci.bundle import check_process, check_spec, plan_of, read_bundle
from boxship.oci.log import Log
from tests.support.oci import SPEC


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(str(tmp_path / "log"), "json", debug=False)


def test_a_bundle_without_a_spec(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="JSON specification file"):
        read_bundle(str(tmp_path))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InvalidParameter):
        read_bundle(str(tmp_path))
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(InvalidParameter, match="not a JSON object"):
        read_bundle(str(tmp_path))


def test_relative_paths_count_from_the_bundle(tmp_path: Path, log: Log) -> None:
    (tmp_path / "rootfs").mkdir()
    spec = copy.deepcopy(SPEC)
    spec["mounts"] = [
        {"destination": "/a", "source": "data", "options": ["bind"]},
        {"destination": "/b", "source": "/abs", "type": "bind"},
        {"destination": "/c", "source": "tmpfs", "type": "tmpfs"},
    ]
    checked = check_spec(spec, str(tmp_path), log)
    assert checked["root"]["path"] == str(tmp_path / "rootfs")
    assert [entry["source"] for entry in checked["mounts"]] == [str(tmp_path / "data"), "/abs", "tmpfs"]


def test_unknown_capabilities_are_told_and_left_out(tmp_path: Path, log: Log) -> None:
    process = {"args": ["x"], "capabilities": {"bounding": ["CAP_KILL", "CAP_FLY"]}}
    assert check_process(process, log)["capabilities"] == {"bounding": ["CAP_KILL"]}
    line = json.loads((tmp_path / "log").read_text())
    assert line["level"] == "warning" and "CAP_FLY" in line["msg"]


def test_a_user_by_name_is_no_users_here(log: Log) -> None:
    """The engine's own way of asking for a look into the container's passwd is not for callers."""
    assert check_process({"args": ["x"], "user": {"uid": 3, "username": "root"}}, log)["user"] == {"uid": 3}


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*SPEC, "path", "type"]), inner),
    max_leaves=6,
)
PLACES = st.sampled_from(
    (
        *("root", "process", "mounts", "linux", "hooks", "ociVersion", "linux.namespaces", "linux.sysctl"),
        *("process.rlimits", "process.capabilities", "process.user", "linux.devices", "linux.maskedPaths"),
        *("linux.timeOffsets", "mounts.0"),
    )
)


@given(place=PLACES, junk=JUNK)
@settings(max_examples=300, deadline=None)
def test_whatever_is_in_the_spec_is_an_error_of_ours_or_a_plan(place: str, junk: Any) -> None:
    spec: Any = copy.deepcopy(SPEC)
    spec["root"]["path"] = "/"
    at = spec
    *parents, last = place.split(".")
    for name in parents:
        at = at[name]
    if last.isdigit():
        at[int(last)] = junk
    else:
        at[last] = junk
    try:
        plan_of(check_spec(spec, "/", Log("/dev/null", "text", debug=False)), "")
    except BoxshipError:
        pass
