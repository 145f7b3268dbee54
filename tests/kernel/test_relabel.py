"""SELinux labels of folders of the host, which `-v …:z` and `:Z` set: extended attributes, also without a policy."""

import os
from pathlib import Path

import pytest

from boxship.lib.errors import BoxshipError
from boxship.runtime.prepare import prepare
from boxship.runtime.relabel import relabel
from tests.unit.runtime.build import config, host

LABEL = "system_u:object_r:container_file_t:s0:c3,c7"
SHARED = "system_u:object_r:container_file_t:s0"


def label_of(path: Path) -> str:
    try:
        return os.getxattr(path, "security.selinux", follow_symlinks=False).rstrip(b"\0").decode()
    except OSError:
        return ""


@pytest.fixture
def folder(scratch: Path, request: pytest.FixtureRequest) -> Path:
    made = scratch / request.node.name
    (made / "a/b").mkdir(parents=True)
    (made / "a/file").write_text("x")
    return made


def test_a_folder_and_all_below_it(folder: Path):
    outside = folder.parent / f"{folder.name}-outside"
    outside.write_text("x")
    (folder / "a/link").symlink_to(outside)
    relabel(str(folder), LABEL)
    found = {path: label_of(path) for path in (folder, *folder.rglob("*"))}
    assert set(found.values()) == {LABEL}, found
    assert label_of(outside) != LABEL


def test_one_file(folder: Path):
    relabel(str(folder / "a/file"), LABEL)
    assert label_of(folder / "a/file") == LABEL
    assert label_of(folder / "a") != LABEL


@pytest.mark.parametrize("path", ["/", "/etc", "/usr/", "/var/../home", "/proc"])
def test_folders_that_the_machine_needs(path: str):
    with pytest.raises(BoxshipError, match=r"SELinux relabeling of .* is not allowed"):
        relabel(path, LABEL)


def test_a_link_to_such_a_folder(folder: Path):
    (folder / "etc").symlink_to("/etc")
    with pytest.raises(BoxshipError, match="not allowed"):
        relabel(str(folder / "etc"), LABEL)


def test_a_file_system_without_labels():
    relabel("/proc/self/comm", LABEL)


def test_what_binds_ask_for(folder: Path):
    binds = [f"{folder}/own:/own:Z", f"{folder}/shared:/shared:ro,z", f"{folder}/plain:/plain"]
    prepare(config(), host(Binds=binds), mount_label=LABEL)
    assert [label_of(folder / name) for name in ("own", "shared")] == [LABEL, SHARED]
    assert label_of(folder / "plain") not in (LABEL, SHARED)
    prepare(config(), host(Binds=[f"{folder}/later:/x:Z"]))
    assert label_of(folder / "later") != LABEL
