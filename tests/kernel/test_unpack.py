"""Unpacking layers: what is in the archive is in the folder, whiteouts are overlayfs', nothing gets out.

Needs root: owners, devices and trusted.* attributes.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxship.archive.entry import ArchiveError
from boxship.archive.reader import TarReader
from boxship.archive.unpack import unpack
from boxship.storage.removal import delete
from tests.support.tars import Member, file, folder, hardlink, symlink, tar

OPAQUE = "trusted.overlay.opaque"


@pytest.fixture
def root() -> Iterator[Path]:
    """An empty folder, as a layer's, on a real file system; beside it a file that nobody may touch."""
    outside = tempfile.mkdtemp(prefix="boxship-unpack-", dir="/var/tmp")
    (Path(outside) / "victim").write_text("safe")
    (Path(outside) / "root").mkdir()
    yield Path(outside) / "root"
    assert (Path(outside) / "victim").read_text() == "safe"
    assert sorted(os.listdir(outside)) == ["root", "victim"]
    delete(outside)


def put(root: Path, *members: Member) -> int:
    """Unpack the members into `root`; the size."""
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return unpack(TarReader(io.BytesIO(tar(*members)).read), fd)
    finally:
        os.close(fd)


def is_whiteout(path: Path) -> bool:
    """The character device 0/0."""
    status = path.lstat()
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def test_owner_mode_time_and_content(root: Path) -> None:
    size = put(
        root,
        folder("d", 0o2775, owner=(8, 12)),
        file("d/setuid", b"12345", mode=0o4755, owner=(1000, 1001)),
        file("d/sticky", mode=0o1000),
        symlink("d/link", "set\tuid", owner=(3, 4)),
    )
    one, link = (root / "d/setuid").stat(), (root / "d/link").lstat()
    assert (root / "d/setuid").read_bytes() == b"12345"
    assert (one.st_uid, one.st_gid, stat.S_IMODE(one.st_mode)) == (1000, 1001, 0o4755)
    assert one.st_mtime_ns == link.st_mtime_ns == (root / "d").stat().st_mtime_ns == 1_700_000_000_250_000_000
    assert (link.st_uid, link.st_gid, os.readlink(root / "d/link")) == (3, 4, "set\tuid")
    assert stat.S_IMODE((root / "d").stat().st_mode) == 0o2775
    # A folder with setgid hands its group down, but not to what has an owner of its own.
    assert (root / "d/sticky").stat().st_gid == 0
    assert stat.S_IMODE((root / "d/sticky").stat().st_mode) == 0o1000
    assert size == 5 + len("set\tuid")


def test_what_a_layer_is_not_asked_for_has_dockers_defaults(root: Path) -> None:
    old = os.umask(0o077)
    try:
        put(root, folder("./", 0o700, owner=(5, 6)), file("a/b/c", b"x"))
    finally:
        os.umask(old)
    for path in (root / "a", root / "a/b"):
        assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (0, 0o755)
    assert root.stat().st_uid == 0


def test_hard_links_are_one_file(root: Path) -> None:
    size = put(root, file("a/one", b"123"), hardlink("two", "a/one"), hardlink("a/three", "/two"), symlink("s", "x"))
    assert (root / "two").stat().st_ino == (root / "a/one").stat().st_ino == (root / "a/three").stat().st_ino
    assert (root / "two").stat().st_nlink == 3
    assert size == 3 + 1


def test_a_hard_link_to_a_symbolic_link_does_not_follow_it(root: Path) -> None:
    put(root, symlink("s", "../victim"), hardlink("h", "s"))
    assert os.readlink(root / "h") == "../victim"
    assert (root / "s").lstat().st_nlink == 2


def test_a_hard_link_to_itself_keeps_the_file(root: Path) -> None:
    put(root, file("a", b"1"), hardlink("a", "a"), hardlink("a", "./a"))
    assert (root / "a").read_bytes() == b"1"


def test_devices_and_pipes(root: Path) -> None:
    put(
        root,
        Member("null", tarfile.CHRTYPE, device=(1, 3), mode=0o666, owner=(0, 5)),
        Member("disk", tarfile.BLKTYPE, device=(259, 70000)),
        Member("pipe", tarfile.FIFOTYPE, mode=0o620),
    )
    null, disk, pipe = ((root / name).lstat() for name in ("null", "disk", "pipe"))
    assert (stat.S_ISCHR(null.st_mode), null.st_rdev, stat.S_IMODE(null.st_mode)) == (True, os.makedev(1, 3), 0o666)
    assert null.st_gid == 5
    assert (stat.S_ISBLK(disk.st_mode), disk.st_rdev) == (True, os.makedev(259, 70000))
    assert (stat.S_ISFIFO(pipe.st_mode), stat.S_IMODE(pipe.st_mode)) == (True, 0o620)


def test_extended_attributes_and_capabilities(root: Path) -> None:
    # linux/capability.h, struct vfs_cap_data of revision 2: cap_net_bind_service, permitted and effective
    capability = bytes.fromhex("0100000200040000000000000000000000000000").decode("latin-1")
    put(
        root,
        file("a", b"x", owner=(7, 7), mode=0o755, xattrs={"security.capability": capability, "user.note": "hello"}),
        folder("d", xattrs={"trusted.mine": "1"}),
        symlink("s", "a", xattrs={"trusted.on_link": "2"}),
    )
    assert os.getxattr(root / "a", "security.capability") == capability.encode("latin-1")
    assert os.getxattr(root / "a", "user.note") == b"hello"
    assert os.getxattr(root / "d", "trusted.mine") == b"1"
    assert os.getxattr(root / "s", "trusted.on_link", follow_symlinks=False) == b"2"
    assert os.listxattr(root / "a") != os.listxattr(root / "s", follow_symlinks=False)


def test_an_image_cannot_bring_overlayfs_own_attributes(root: Path) -> None:
    redirect = {"trusted.overlay.redirect": "/etc", "trusted.overlay.opaque": "y", "user.overlay.redirect": "/etc"}
    put(root, folder("d", xattrs=redirect))
    assert os.listxattr(root / "d") == []


def test_times_before_1970_and_absurd_ones(root: Path) -> None:
    put(root, file("a", mtime=-1.5), file("b", mtime=1.0, pax={"mtime": "9" * 19}))
    assert (root / "a").stat().st_mtime_ns == -1_500_000_000
    assert (root / "b").stat().st_mtime_ns == 0


def test_sparse_files_keep_their_holes(root: Path) -> None:
    pax = {"GNU.sparse.map": "4096,3,1048576,2", "GNU.sparse.size": "9437184", "GNU.sparse.name": "holes"}
    assert put(root, file("ignored", b"abcde", pax=pax)) == 9437184
    data = (root / "holes").read_bytes()
    assert data == bytes(4096) + b"abc" + bytes(1048576 - 4099) + b"de" + bytes(9437184 - 1048578)
    assert (root / "holes").stat().st_blocks * 512 < 100_000


def test_whiteouts_and_opaque_folders(root: Path) -> None:
    put(root, folder("a"), file("a/.wh.gone"), file("b/c/.wh..wh..opq"), file("b/c/kept", b"1"), file(".wh.top"))
    assert is_whiteout(root / "a/gone")
    assert is_whiteout(root / "top")
    assert os.getxattr(root / "b/c", OPAQUE) == b"y"
    assert (root / "b/c/kept").read_bytes() == b"1"
    assert not (root / "a/.wh.gone").exists()


@pytest.mark.parametrize("order", [1, -1])
def test_a_whiteout_hides_lower_layers_only_whatever_the_order(root: Path, order: int) -> None:
    put(root, *[file("a/x", b"new"), file("a/.wh.x")][::order], *[file("d/e", b"new"), file(".wh.d")][::order])
    assert (root / "a/x").read_bytes() == b"new"
    assert (root / "d/e").read_bytes() == b"new"
    assert os.getxattr(root / "d", OPAQUE) == b"y", "the folder of the lower layers must not show through"


def test_a_folder_that_replaces_one_is_opaque(root: Path) -> None:
    put(root, file(".wh.d"), folder("d", 0o700))
    assert os.getxattr(root / "d", OPAQUE) == b"y"
    assert stat.S_IMODE((root / "d").stat().st_mode) == 0o700


def test_the_notes_of_aufs_are_left_out(root: Path) -> None:
    put(root, folder(".wh..wh.plnk"), file(".wh..wh.plnk/1.2", b"1"), file(".wh..wh.aufs"), file("a", b"1"))
    assert os.listdir(root) == ["a"]


@pytest.mark.parametrize("name", [".wh.", "a/.wh..", "a/.wh..."])
def test_whiteouts_of_nothing_are_refused(root: Path, name: str) -> None:
    with pytest.raises(ArchiveError, match="invalid whiteout entry"):
        put(root, file(name))


def test_a_parent_that_is_a_link_is_followed_inside(root: Path) -> None:
    put(root, folder("usr/lib"), symlink("lib", "usr/lib"), file("lib/a", b"1"), symlink("abs", "/usr"))
    put(root, file("abs/lib/b", b"2"))
    assert sorted(os.listdir(root / "usr/lib")) == ["a", "b"]
    assert (root / "lib").is_symlink()


def test_a_parent_that_is_a_link_to_nothing_yet_makes_its_target(root: Path) -> None:
    put(root, symlink("lib", "usr/lib64/../lib"), file("lib/deep/er", b"1"), symlink("x", "../../../y"), file("x/z"))
    assert (root / "usr/lib/deep/er").read_bytes() == b"1"
    assert (root / "y/z").exists()


def test_links_that_turn_in_a_circle_are_refused(root: Path) -> None:
    with pytest.raises(ArchiveError, match=r"links|symbolic"):
        put(root, symlink("a", "b"), symlink("b", "a"), file("a/x"))


@pytest.mark.parametrize(
    "members",
    [
        (symlink("l", ".."), file("l/victim", b"x")),
        (symlink("l", "../.."), file("l/root/../victim", b"x")),
        (symlink("l", "/var/tmp"), file("l/boxship-was-here", b"x")),
        (symlink("l", "../victim"), file("l", b"replaces the link")),
        (symlink("a", ".."), symlink("b", "a/.."), file("b/victim", b"x")),
        (folder("d"), symlink("d/e", "../../.."), file("d/e/victim", b"x")),
        (symlink("l", ".."), folder("l", 0o777)),
        (symlink("l", "../victim"), file("l/.wh..wh..opq")),
        (symlink("l", ".."), file("l/.wh.victim")),
        (symlink("l", "../victim"), hardlink("h", "l"), file("h", b"x")),
        (symlink("l", ".."), hardlink("h", "l/victim")),
        (hardlink("h", "../victim"),),
        (file("../victim", b"x"),),
        (file("a/../../victim", b"x"),),
        (folder("..", 0o777),),
        (symlink("l", "/proc/self/root"), file("l/tmp/boxship-was-here", b"x")),
        (Member("l", tarfile.SYMTYPE, link="/proc/self/fd/0"), file("l", b"x")),
    ],
)
def test_nothing_is_written_outside(root: Path, members: tuple[Member, ...]) -> None:
    try:
        put(root, *members)
    except ArchiveError:
        pass
    # The fixture looks whether the neighbour is untouched.
    assert not Path("/var/tmp/boxship-was-here").exists()
    assert not Path("/tmp/boxship-was-here").exists()
    assert stat.S_IMODE(root.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ((file("../x"),), 'invalid entry name "../x"'),
        ((hardlink("h", "../../x"),), 'invalid hardlink target "../../x"'),
        ((hardlink("h", "missing"),), "this layer has no such file"),
        ((file("a"), file("a/b")), '"a" is no folder'),
        ((Member("x", b"V"),), "unknown tar entry type"),
        ((file("n" * 256),), "File name too long"),
        ((symlink("s", "x" * 5000),), "File name too long"),
    ],
)
def test_what_is_wrong_is_said(root: Path, members: tuple[Member, ...], message: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        put(root, *members)
    assert message in caught.value.message


def test_later_entries_replace_earlier_ones(root: Path) -> None:
    size = put(
        root,
        file("a", b"12345"),
        file("a", b"1"),
        file("d/e/f", b"12"),
        file("d", b"123"),
        symlink("s", "d"),
        folder("s"),
        file("s/x", b"1234"),
        folder("f"),
        symlink("f", "s"),
        file("f/y", b"12345"),
    )
    assert (root / "a").read_bytes() == b"1"
    assert (root / "d").read_bytes() == b"123"
    assert not (root / "s").is_symlink()
    assert sorted(os.listdir(root / "s")) == ["x", "y"]
    assert size == 1 + 3 + 4 + 1 + 5


def test_a_deep_tree(root: Path) -> None:
    deep = "/".join(["d"] * 1000)
    put(root, file(f"{deep}/f", b"1"), symlink("half", deep))
    put(root, file(f"half/{deep}/f", b"2"))
    with pytest.raises(ArchiveError, match="too deep"):
        put(root, file("d", b"replaces it all"))


parts = st.sampled_from(["a", "b", "c", "..", "x"])
some_paths = st.lists(parts, min_size=1, max_size=4).map("/".join)
targets = st.one_of(some_paths, some_paths.map(lambda path: "/" + path))
some_members = st.one_of(
    st.builds(file, some_paths, st.binary(max_size=3)),
    st.builds(folder, some_paths),
    st.builds(symlink, some_paths, targets),
    st.builds(hardlink, some_paths, targets),
    st.builds(lambda path: file(f"{path}/.wh.a"), some_paths),
    st.builds(lambda path: file(f"{path}/.wh..wh..opq"), some_paths),
)


@given(st.lists(some_members, max_size=8))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_archive_at_all_gets_out(root: Path, members: list[Member]) -> None:
    for name in os.listdir(root):
        delete(str(root / name))
    try:
        put(root, *members)
    except ArchiveError:
        pass
    assert sorted(os.listdir(root.parent)) == ["root", "victim"]
    assert (root.parent / "victim").read_text() == "safe"
    assert (root.parent / "victim").stat().st_nlink == 1
    assert os.listxattr(root.parent) == []
