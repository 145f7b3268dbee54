"""Scanning a tar: fed in pieces or read from a file, whole, cut off, damaged, hostile."""

from __future__ import annotations

import random
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxship.archive.entry import ArchiveError
from boxship.archive.erofs import merge, tree
from boxship.archive.erofs.node import Node
from boxship.archive.erofs.scan import LayerScanner, index_layer, scan_file
from boxship.archive.erofs.store import read_layer
from tests.support.tars import Member, file, folder, hardlink, symlink, tar

LAYER = tar(
    folder("d", 0o2755, owner=(1, 2)),
    file("d/" + "long" * 60, b"x" * 5000, mtime=-5.25, xattrs={"user.a": "b" * 3000}),
    hardlink("h", "d/" + "long" * 60),
    symlink("s", "y" * 300),
    Member("d/.wh.gone"),
    Member("e/.wh..wh..opq"),
    Member("null", tarfile.CHRTYPE, device=(1, 3)),
    file("GNUSparseFile.0/x", b"abc", pax={"GNU.sparse.map": "5,3", "GNU.sparse.size": "100", "GNU.sparse.name": "x"}),
    file("last", b"1" * 513),
)


def shape(node: Node) -> object:
    """All that a tree says, to compare."""
    own = (node.mode, node.uid, node.gid, node.mtime_ns, node.size, node.data, node.target, node.xattrs, node.parts)
    if node.kids is None:
        return own
    return own, node.opaque, node.hidden, {name: shape(kid) for name, kid in node.kids.items()}


def whole(data: bytes) -> LayerScanner:
    """A scanner that was fed all of it at once."""
    scanner = LayerScanner()
    scanner.feed(data)
    return scanner


@given(st.lists(st.integers(1, 3000), min_size=1))
def test_any_pieces_give_the_same_tree(sizes: list[int]) -> None:
    scanner = LayerScanner()
    at = turn = 0
    while at < len(LAYER):
        size = sizes[turn % len(sizes)]
        scanner.feed(memoryview(LAYER)[at : at + size])
        at += size
        turn += 1
    assert shape(scanner.root) == shape(whole(LAYER).root)


def test_a_file_is_scanned_and_its_index_read_back(tmp_path: Path) -> None:
    (tmp_path / "tar").write_bytes(LAYER)
    indexed = index_layer(str(tmp_path / "tar"), str(tmp_path / "index"))
    root, again = read_layer(str(tmp_path / "index"))
    assert shape(root) == shape(whole(LAYER).root)
    assert (indexed.size, indexed.entries) == (again.size, again.entries) == (5000 + 300 + 100 + 513, 9)
    assert indexed.inodes == again.inodes == 8  # the root and "e" without entries; no whiteout, no second name
    assert root.kids is not None
    folder = root.kids[b"d"]
    assert folder.kids is not None and folder.hidden == {b"gone"} and root.kids[b"e"].opaque
    assert root.kids[b"h"] is folder.kids[b"long" * 60]
    data = root.kids[b"last"].data
    assert LAYER[data : data + 513] == b"1" * 513


def test_what_stands_behind_the_end_is_padding() -> None:
    scanner = whole(LAYER + bytes(10_000) + b"whatever")
    assert scanner.wanted == 0
    assert shape(scanner.root) == shape(whole(LAYER).root)


@settings(max_examples=60)
@given(st.integers(0, len(LAYER.rstrip(b"\0")) - 1))
def test_a_tar_that_is_cut_off_is_refused(end: int) -> None:
    try:
        scanner = whole(LAYER[:end])
    except ArchiveError:
        return
    if end % 512 or scanner.skip or scanner._asking is not None:
        with pytest.raises(ArchiveError, match="unexpected EOF"):
            scanner.finish("/nowhere/to/write")


@pytest.mark.parametrize("bad", [tar(file("../x")), b"no header".ljust(512, b"x")])
def test_an_error_is_not_forgotten(bad: bytes, tmp_path: Path) -> None:
    scanner = LayerScanner()
    with pytest.raises(ArchiveError) as first:
        scanner.feed(bad)
    scanner.feed(LAYER)
    with pytest.raises(ArchiveError) as again:
        scanner.finish(str(tmp_path / "index"))
    assert again.value is first.value
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_shorter_than_its_header_says(tmp_path: Path) -> None:
    (tmp_path / "tar").write_bytes(tar(file("a", b"x" * 100_000))[:50_000])
    with pytest.raises(ArchiveError, match="unexpected EOF"):
        scan_file(str(tmp_path / "tar"))


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_tar_is_an_error_or_a_tree(data: st.DataObject) -> None:
    damaged = bytearray(LAYER)
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    try:
        shape(whole(bytes(damaged)).root)
    except ArchiveError:
        pass


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([file("../x")], "leads out of the root"),
        ([file("a/../../x")], "leads out of the root"),
        ([file("a"), hardlink("b", "../a")], "leads out of the root"),
        ([hardlink("b", "a")], "no such file"),
        ([Member(".wh.a"), hardlink("b", "a")], "no such file"),
        ([folder("a"), hardlink("b", "a")], "Operation not permitted"),
        ([hardlink("b", "/")], "no file"),
        ([file("a"), file("a/b")], "no folder"),
        ([symlink("a", "b"), symlink("b", "a"), file("a/c")], "[Tt]oo many"),
        ([symlink("a", "")], "empty"),
        ([file("x" * 256)], "too long"),
        ([file("x" * 256 + "/y")], "too long"),
        ([file("x/" * 2100 + "y")], "too long"),
        ([symlink("a", "x" * 4096)], "too long"),
        ([Member("a", b"9")], "unknown tar entry type"),
        ([Member("a/.wh.")], "invalid whiteout"),
        ([symlink("a", "b", xattrs={"user.x": "1"})], "Operation not permitted"),
        ([file("a", xattrs={"security.capability": "short"})], "Invalid argument"),
        ([file("a", xattrs={"user.x": "v" * 65_536})], "more than 64 KiB"),
        ([file("a", xattrs={f"user.{n}": "v" * 1000 for n in range(80)})], "more than 64 KiB"),
        ([file("a", xattrs={"user." + "n" * 251: "v"})], "out of range"),
        ([Member("a", tarfile.CHRTYPE, device=(4096, 0))], "is the device 4096:0"),
    ],
)
def test_what_unpacking_would_refuse(members: list[Member], words: str) -> None:
    with pytest.raises(ArchiveError, match=words):
        whole(tar(*members))


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MOST_INODES", 100)
    with pytest.raises(ArchiveError, match="more than 100 files and folders"):
        whole(tar(*(file(f"{number}") for number in range(101))))
    with pytest.raises(ArchiveError, match="more than 100 files and folders"):
        whole(tar(file("a/" * 100 + "b")))
    monkeypatch.setattr(tree, "MOST_BYTES", 1 << 20)
    with pytest.raises(ArchiveError, match="take more than 1 MiB"):
        whole(tar(*(file("a", xattrs={"user.x": "v" * 30_000}) for _ in range(40))))
    maps = {"GNU.sparse.map": "512,512", "GNU.sparse.size": str(1 << 26), "GNU.sparse.name": "a"}
    with pytest.raises(ArchiveError, match="take more than 1 MiB"):
        whole(tar(*(file("a", b"x" * 512, pax=maps) for _ in range(10))))
    with pytest.raises(ArchiveError, match="File too large"):
        whole(tar(file("a", b"x" * 512, pax=maps | {"GNU.sparse.size": str(1 << 45)})))
    monkeypatch.setattr(tree, "MOST_COPIED", 1 << 20)
    odd = {"GNU.sparse.map": f"1,1,{1 << 36},1", "GNU.sparse.size": str(1 << 40), "GNU.sparse.name": "a"}
    with pytest.raises(ArchiveError, match="too many holes at odd places"):
        whole(tar(file("a", b"xx", pax=odd)))


def test_a_damaged_index_is_told(tmp_path: Path) -> None:
    (tmp_path / "tar").write_bytes(LAYER)
    index = tmp_path / "index"
    index_layer(str(tmp_path / "tar"), str(index))
    good = index.read_bytes()
    generator = random.Random(3)
    for _ in range(50):
        bad = bytearray(good)
        bad[generator.randrange(len(bad))] ^= 1 << generator.randrange(8)
        index.write_bytes(bad)
        with pytest.raises(ArchiveError, match="is damaged"):
            read_layer(str(index))
    for size in (0, 10, len(good) - 1):
        index.write_bytes(good[:size])
        with pytest.raises(ArchiveError, match="is damaged"):
            read_layer(str(index))


def test_an_image_of_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tar").write_bytes(LAYER)
    index_layer(str(tmp_path / "tar"), str(tmp_path / "index"))
    layer = merge.LayerFiles(str(tmp_path / "index"), str(tmp_path / "tar"))
    monkeypatch.setattr(merge, "MOST_INODES", 18)
    merge.merge([layer, layer], str(tmp_path / "image"))
    with pytest.raises(ArchiveError, match="more than 18 files and folders together"):
        merge.merge([layer, layer, layer], str(tmp_path / "other"))
    assert not (tmp_path / "other").exists()
    monkeypatch.setattr(merge, "MOST_BYTES", 1 << 10)
    with pytest.raises(ArchiveError, match="more than 0 MiB together"):
        merge.merge([layer], str(tmp_path / "other"))
