"""The index of an image, mounted: the same tree as unpacking its layers gives. Needs root and Linux 6.12."""

from __future__ import annotations

import os
import platform
import stat
import struct
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from boxship.archive.entry import ArchiveError
from boxship.archive.erofs.merge import LayerFiles, merge
from boxship.archive.erofs.scan import index_layer
from boxship.storage.removal import delete
from tests.support.tars import Member, file, folder, hardlink, symlink, tar
from tests.support.trees import File, describe, differences, indexed, mounted, unpacked

KERNEL = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
pytestmark = pytest.mark.skipif(KERNEL < (6, 12), reason="file-backed EROFS mounts came with Linux 6.12")


@pytest.fixture
def work() -> Iterator[str]:
    """A folder on a real file system."""
    path = tempfile.mkdtemp(prefix="boxship-erofs-", dir="/var/tmp")
    yield path
    delete(path)


def both(work: str, *layers: bytes, folder_times: bool = True) -> dict[bytes, File]:
    """The tree of these layers, once it is known to be the same in either form."""
    with ExitStack() as stack:
        one = describe(stack.enter_context(indexed(work, *layers)), folder_times=folder_times, links=True)
        other = describe(stack.enter_context(unpacked(work, *layers)), folder_times=folder_times)
    assert not differences(one, other)
    return one


def test_metadata(work: str) -> None:
    # linux/capability.h, struct vfs_cap_data: revision 2, cap_net_bind_service
    capability = struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0).decode("latin-1")
    tree = both(
        work,
        tar(
            folder("d", 0o2775, owner=(8, 12), mtime=-86400.25),
            file("d/setuid", b"12345", mode=0o4755, owner=(1000, 2_000_000_001)),
            file("d/old", b"x" * 70_000, mtime=-1.000000001),
            file("d/nanoseconds", pax={"mtime": "1234567890.123456789"}),
            file("d/capable", b"#!", mode=0o755, xattrs={"security.capability": capability}),
            file("d/attributes", xattrs={"user.a": "1", "user.b" * 30: "x" * 1000, "trusted.t": "", "security.s": "é"}),
            file("d/private", xattrs={"trusted.overlay.opaque": "y", "user.overlay.x": "y", "strange.one": "1"}),
            folder("d/f", xattrs={"user.on": "a folder"}),
            symlink("d/link", "../set\tuid", owner=(3, 4), xattrs={"trusted.l": "l"}),
            symlink("d/long", "x/" * 2000),
            Member("d/null", tarfile.CHRTYPE, device=(1, 3), mode=0o666, owner=(0, 5)),
            Member("d/disk", tarfile.BLKTYPE, device=(259, 70000)),
            Member("d/pipe", tarfile.FIFOTYPE, mode=0o1620),
        ),
    )
    assert tree[b"d/nanoseconds"].mtime_ns == 1234567890_123456789
    assert tree[b"d/setuid"].owner == (1000, 2_000_000_001)
    assert tree[b"d/capable"].xattrs == (("security.capability", capability.encode("latin-1")),)
    assert tree[b"d/private"].xattrs == ()
    assert tree[b"d/old"].mtime_ns < 0


def test_the_root_is_roots(work: str) -> None:
    with indexed(work, tar(folder("./", 0o700, owner=(5, 6)), file("./a"))) as fd:
        status = os.fstat(fd)
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (0, 0, 0o755)


def test_hard_links_are_counted_by_the_names_that_are_left(work: str) -> None:
    tree = both(
        work,
        tar(
            folder("a"),
            file("a/one", b"123"),
            hardlink("two", "a/one"),
            hardlink("a/three", "/two"),
            symlink("s", "x"),
            hardlink("t", "s"),
            file("gone", b"1"),
            hardlink("kept", "gone"),
            file("again", b"1"),
            hardlink("again2", "again"),
            file("again", b"2"),
        ),
        tar(Member("a/.wh.one"), Member(".wh.gone"), folder("a")),
    )
    assert tree[b"two"].names == (b"a/three", b"two")
    assert tree[b"kept"].names == (b"kept",)


def test_whiteouts_and_opaque_folders(work: str) -> None:
    lower = [file(f"{name}/{kid}", b"low") for name in ("a", "b", "c", "d", "e") for kid in ("x", "y")]
    tree = both(
        work,
        tar(*lower, file("f", b"low"), file("g/h/i/j", b"low")),
        tar(
            Member("a/.wh.x"),
            file("b/new", b"high"),
            Member("b/.wh..wh..opq"),
            Member(".wh.c"),
            folder("c"),
            file("c/z"),
            file("d/x", b"high"),
            Member("d/.wh.x"),
            Member("e", tarfile.CHRTYPE, device=(0, 0)),
            folder("f"),
            Member(".wh..wh.aufs"),
            Member(".wh..wh.plnk/12.34"),
            Member(".wh.never"),
            Member("g/h/.wh.i"),
        ),
        tar(folder("e"), file("e/z"), file("g/h/i/k")),
        folder_times=False,
    )
    assert sorted(tree) == sorted(b"a a/y b b/new c c/z d d/x d/y e e/z f g g/h g/h/i g/h/i/k".split())


def test_links_on_the_way_stay_in_the_layer(work: str) -> None:
    tree = both(
        work,
        tar(
            symlink("lib", "usr/lib"),
            file("lib/x", b"1"),
            symlink("up", "../../../../etc"),
            file("up/y", b"2"),
            symlink("usr/lib/abs", "/opt/z"),
            file("lib/abs/deep/er", b"3"),
            hardlink("h", "lib/abs/deep/er"),
            folder("lib/abs/", 0o700, owner=(1, 1)),
            file("/absolute", b"4"),
            file("a/../b/./c", b"5"),
            symlink("usr/lib/up", ".."),
            file("lib/up/beside", b"6"),
        ),
        folder_times=False,
    )
    assert {b"usr/lib/x", b"etc/y", b"opt/z/deep/er", b"b/c", b"usr/beside", b"usr/lib/abs"} <= tree.keys()
    assert tree[b"usr/lib/abs"].kind == "d"


def test_the_last_of_one_name_wins(work: str) -> None:
    both(
        work,
        tar(
            file("a", b"1"),
            file("a", b"two"),
            folder("b", 0o700),
            file("b/x"),
            file("b", b"now a file"),
            file("c"),
            folder("c", 0o711),
            file("c/y"),
            symlink("d", "c"),
            file("d/z"),
            file("d", b"no link any more"),
            folder("e", 0o700),
            folder("e", 0o755, owner=(9, 9), mtime=5.0),
        ),
        folder_times=False,
    )


@pytest.mark.parametrize("count", [37, 38, 3_000])
def test_folders_of_many_files(work: str, count: int) -> None:
    tree = both(
        work, tar(folder("d"), *(file(f"d/{number * 7919 % 10007:05}", b"%d" % number) for number in range(count)))
    )
    assert len(tree) == count + 1


def test_names_of_any_bytes(work: str) -> None:
    names = [
        "\x01",
        " ",
        "!",
        "-",
        "--",
        ".-",
        ".a",
        "...",
        "x" * 255,
        "\udcff\udcfe",
        "é" * 127,
        "new\nline",
        "/a//b/",
    ]
    archive = tar(*(file(name, b"1") for name in names), format=tarfile.GNU_FORMAT)
    tree = both(work, archive, folder_times=False)
    assert {b"\xff\xfe", b"x" * 255, b"\x01", b"-"} <= tree.keys()


def access_list(*entries: tuple[int, int, int]) -> str:
    """A POSIX access control list (linux/posix_acl_xattr.h), as a value of pax headers: tag, permissions, id."""
    packed = struct.pack("<I", 2) + b"".join([struct.pack("<HHI", *entry) for entry in entries])
    return packed.decode("utf-8", "surrogateescape")


def test_access_control_lists(work: str) -> None:
    nobody = 0xFFFFFFFF
    minimal = access_list((1, 6, nobody), (4, 4, nobody), (32, 0, nobody))
    named = access_list((1, 7, nobody), (2, 5, 1000), (4, 4, nobody), (16, 5, nobody), (32, 1, nobody))
    tree = both(
        work,
        tar(
            folder("d", xattrs={"system.posix_acl_default": named, "system.posix_acl_access": named}),
            file("d/plain", mode=0o600),
            file("d/minimal", mode=0o777, xattrs={"system.posix_acl_access": minimal}),
            file("d/named", mode=0o4700, xattrs={"system.posix_acl_access": named}),
            folder("d/below", 0o700),
            file("d/none", xattrs={"system.posix_acl_access": access_list()}),
            folder("d/nothing", xattrs={"system.posix_acl_default": ""}),
        ),
    )
    names = {path: [name for name, _ in file.xattrs] for path, file in tree.items()}
    assert names == {
        b"d": ["system.posix_acl_access", "system.posix_acl_default"],
        b"d/plain": [],
        b"d/minimal": [],
        b"d/named": ["system.posix_acl_access"],
        b"d/below": [],
        b"d/none": [],
        b"d/nothing": [],
    }
    assert (tree[b"d/minimal"].mode, tree[b"d/named"].mode) == ("0o640", "0o4751")


@pytest.mark.parametrize(
    "entries",
    [
        [(1, 7, 0xFFFFFFFF)],
        [(1, 7, 0xFFFFFFFF), (2, 7, 5), (4, 7, 0xFFFFFFFF), (32, 7, 0xFFFFFFFF)],
        [(4, 7, 0xFFFFFFFF), (1, 7, 0xFFFFFFFF), (32, 7, 0xFFFFFFFF)],
        [(1, 8, 0xFFFFFFFF), (4, 7, 0xFFFFFFFF), (32, 7, 0xFFFFFFFF)],
    ],
)
@pytest.mark.parametrize("name", ["system.posix_acl_access", "system.posix_acl_default"])
def test_access_control_lists_that_the_kernel_refuses(
    work: str, entries: list[tuple[int, int, int]], name: str
) -> None:
    archive = tar(folder("d", xattrs={name: access_list(*entries)}))
    for form in (indexed, unpacked):
        with pytest.raises(ArchiveError, match="Invalid argument"), form(work, archive):
            pass


def test_a_file_of_5_gigabytes(work: str) -> None:
    """Not a sparse one: its data is in the tar, whole."""
    size = 5 << 30
    info = tarfile.TarInfo("big")
    info.size = size
    with Path(work, "big.tar").open("wb") as archive:
        archive.write(info.tobuf(tarfile.GNU_FORMAT))
        for place in (0, size - 3):
            archive.seek(512 + place)
            archive.write(b"end")
        archive.truncate(512 + size + 1024)
    index_layer(f"{work}/big.tar", f"{work}/index")
    merge([LayerFiles(f"{work}/index", f"{work}/big.tar")], f"{work}/image")
    with mounted(f"{work}/image", [f"{work}/big.tar"]) as root:
        fd = os.open("big", os.O_RDONLY, dir_fd=root)
        try:
            assert os.fstat(fd).st_size == size
            assert os.pread(fd, 10, size - 3) == b"end"
            assert os.pread(fd, 5, 0) == b"end\0\0"
            assert os.pread(fd, 5, size >> 1) == bytes(5)
        finally:
            os.close(fd)


def test_127_layers(work: str) -> None:
    layers = [
        tar(folder("d"), file(f"d/{n:03}", b"%d" % n), file("top", b"%d" % n), Member(f"d/.wh.{n - 2:03}"))
        for n in range(127)
    ]
    tree = both(work, *layers)
    assert sorted(tree) == [b"d", b"d/125", b"d/126", b"top"]


def test_an_image_without_layers(work: str) -> None:
    with indexed(work) as fd:
        assert describe(fd) == {}
    assert both(work, tar()) == {}


def test_mkfs_and_fsck_of_erofs_agree(work: str, client_home: Path) -> None:
    """`mkfs.erofs --tar=i` makes the same kind of index of one tar, GNU tar's here (it knows no sparse files)."""
    archive = f"{work}/tree.tar"
    source = Path(work, "source")
    (source / "many").mkdir(parents=True)
    for number in range(500):
        (source / f"many/{number:04}").write_text("x" * number * 7)
    os.link(source / "many/0007", source / "linked")
    (source / "link").symlink_to("many/0008")
    (source / "linked").chmod(0o4711)
    os.chown(source / "linked", 70_000, 80_000)
    os.mknod(source / "device", stat.S_IFBLK | 0o640, os.makedev(259, 70_000))
    os.setxattr(source / "many", "user.note", b"1" * 1000)
    # It drops the nanoseconds of what is as old as its image.
    for number, path in enumerate([*source.rglob("*"), source]):
        os.utime(path, ns=(0, 1_500_000_000_123_456_789 + number * 10**9), follow_symlinks=False)
    command = ["tar", "--format=pax", "--xattrs", "-C", str(source), "-cf", archive, "."]
    subprocess.run(command, check=True)
    subprocess.run([client_home / "bin/mkfs.erofs", "--quiet", "--tar=i", f"{work}/theirs", archive], check=True)
    with mounted(f"{work}/theirs", [archive]) as fd:
        theirs = describe(fd, links=True)
    with indexed(work, Path(archive).read_bytes()) as fd:
        ours = describe(fd, links=True)
    assert not differences(ours, theirs)
    fd = os.open(source, os.O_RDONLY)
    try:
        assert not differences(ours, describe(fd))
    finally:
        os.close(fd)
    subprocess.run([client_home / "bin/fsck.erofs", f"--device={archive}", f"{work}/image"], check=True)
