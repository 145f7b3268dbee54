"""Archives that are written: read by Python's tarfile and by our own reader."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.archive import entry as kinds
from boxship.archive.entry import ArchiveError, Entry
from boxship.archive.pack import Packer
from boxship.archive.reader import TarReader
from boxship.archive.writer import END, header

NAMES = st.binary(min_size=1, max_size=300).filter(lambda name: b"\0" not in name and not name.endswith(b"/"))
XATTRS = st.dictionaries(st.sampled_from([b"user.a", b"user.b=c"[:6], b"security.capability"]), st.binary(max_size=40))


@given(
    NAMES,
    NAMES,
    st.integers(0, 0o7777),
    st.integers(0, 2**32 - 2),
    st.integers(0, 2**40),
    st.integers(-(2**35), 2**35),
    XATTRS,
)
def test_what_is_written_is_read(
    path: bytes, link: bytes, mode: int, owner: int, size: int, seconds: int, xattrs: dict[bytes, bytes]
) -> None:
    """Every field comes back, whatever its size and its bytes."""
    entry = Entry(path, kinds.FILE)
    entry.link, entry.mode, entry.uid, entry.gid = link, mode, owner, owner
    entry.stored, entry.mtime_ns, entry.xattrs = size, seconds * 1_000_000_000, xattrs
    stream = io.BytesIO(header(entry))
    found = next(iter(TarReader(stream.read)))
    assert (found.path, found.link, found.mode, found.uid, found.gid) == (path, link, mode, owner, owner)
    assert (found.stored, found.mtime_ns, found.xattrs) == (size, entry.mtime_ns, xattrs)
    assert not stream.read()


def test_plain_headers_are_ustar() -> None:
    """What fits takes one block, and ends with two of zeros."""
    entry = Entry(b"etc/passwd", kinds.FILE)
    entry.mode = 0o644
    data = header(entry) + END
    assert len(data) == 512 + 1024
    with tarfile.open(fileobj=io.BytesIO(data)) as opened:
        assert [(member.name, member.mode) for member in opened] == [("etc/passwd", 0o644)]


def packed(folder: Path, name: bytes | None = b"top") -> bytes:
    """The archive of a folder."""
    ours, theirs = os.pipe()
    out = bytearray()

    def read() -> None:
        while data := os.read(ours, 1 << 16):
            out.extend(data)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        packer = Packer(theirs)
        packer.folder(os.open(folder, os.O_RDONLY), name)
        packer.end()
    finally:
        os.close(theirs)
        reader.join()
        os.close(ours)
    return bytes(out)


def test_all_kinds(tmp_path: Path) -> None:
    """Folders, files, links of both kinds, pipes, holes; a socket is left out."""
    import socket

    (tmp_path / "d").mkdir(mode=0o750)
    (tmp_path / "d/f").write_bytes(b"abc")
    os.link(tmp_path / "d/f", tmp_path / "h")
    (tmp_path / "s").symlink_to("/nowhere")
    os.mkfifo(tmp_path / "p")
    with (tmp_path / "hole").open("wb") as file:
        file.seek(5 << 20)
        file.write(b"end")
        file.truncate(9 << 20)
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "x"))
        with tarfile.open(fileobj=io.BytesIO(packed(tmp_path))) as opened:
            found = {member.name: member for member in opened}
            hole = opened.extractfile("top/hole")
            assert hole is not None
            assert hole.read() == b"\0" * (5 << 20) + b"end" + b"\0" * ((4 << 20) - 3)
    assert set(found) == {"top", "top/d", "top/d/f", "top/h", "top/s", "top/p", "top/hole"}
    assert (found["top/h"].islnk(), found["top/h"].linkname) == (True, "top/d/f")
    assert found["top/s"].linkname == "/nowhere" and found["top/p"].isfifo()
    assert stat.S_IMODE(found["top/d"].mode) == 0o750


def test_without_a_name_of_its_own(tmp_path: Path) -> None:
    """An export has no entry for the root."""
    (tmp_path / "a").mkdir()
    with tarfile.open(fileobj=io.BytesIO(packed(tmp_path, None))) as opened:
        assert opened.getnames() == ["a"]


def test_too_deep(tmp_path: Path) -> None:
    """Folders nested deeper than any path can say are an error, not a crash."""
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(2100):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    try:
        with pytest.raises(ArchiveError, match="too deep"):
            packed(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        _remove_deep(tmp_path)


def _remove_deep(folder: Path) -> None:
    # shutil.rmtree would recurse; rename each inner folder up instead.
    while (folder / "d/d").is_dir():
        (folder / "d/d").rename(folder / "e")
        (folder / "d").rmdir()
        (folder / "e").rename(folder / "d")
    (folder / "d").rmdir()
