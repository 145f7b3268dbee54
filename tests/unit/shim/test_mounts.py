"""Options of mounts: every one that the spec names, in any order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.kernel import mount
from boxship.lib.errors import InvalidParameter
from boxship.shim.mounts import known_options, mount_step, propagation_flags

OWN = [name for name in known_options() if name not in ("bind", "rbind", "remount", "idmap", "ridmap", "tmpcopyup")]


def step(*options: str, label: str = "", **entry: Any) -> tuple[str, dict[str, Any]]:
    made: tuple[str, dict[str, Any]] = mount_step(
        {"destination": "/m", "options": list(options), **entry}, private_cgroupns=False, label=label
    )
    return made


@given(options=st.lists(st.sampled_from(OWN), max_size=6))
def test_no_option_of_ours_reaches_the_file_system(options: list[str]) -> None:
    _, arguments = step(*options, type="tmpfs")
    assert {key for key, _ in arguments["options"]} <= {"ro"}


def test_recursive_attributes_set_and_clear() -> None:
    _, arguments = step("rbind", "rro", "rsuid", "rnoatime", source="/s")
    assert arguments["recursive_add"] == mount.MOUNT_ATTR_RDONLY | mount.MOUNT_ATTR_NOATIME
    assert arguments["recursive_clear"] == mount.MOUNT_ATTR_NOSUID | mount.MOUNT_ATTR_ATIME
    # The last word counts.
    _, arguments = step("rbind", "rro", "rrw", source="/s")
    assert (arguments["recursive_add"], arguments["recursive_clear"]) == (0, mount.MOUNT_ATTR_RDONLY)


def test_a_remount_and_a_relative_destination() -> None:
    name, arguments = step("remount", "ro", "size=4k", destination="a/b")
    assert (name, arguments["target"], arguments["options"]) == ("remount", "/a/b", [("size", "4k")])
    assert step("remount", "bind", "ro")[1]["options"] == []


def test_a_label_goes_to_file_systems_that_are_made() -> None:
    assert ("context", "l") in step(type="tmpfs", label="l")[1]["options"]
    assert ("context", "l") not in step(type="proc", label="l")[1]["options"]


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "", "options": []},
        {"options": ["bind"]},
        {"type": "proc", "options": ["tmpcopyup"]},
        {"type": "tmpfs", "options": ["idmap"]},
        {"type": "tmpfs", "uidMappings": [{}], "gidMappings": [{}]},
    ],
)
def test_what_makes_no_sense_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter):
        mount_step({"destination": "/m", **entry}, private_cgroupns=False, label="")


def test_propagation_by_name() -> None:
    assert propagation_flags("rslave") == mount.MS_SLAVE | mount.MS_REC
    with pytest.raises(InvalidParameter):
        propagation_flags("rr")
