"""The tar reader against an independent writer, and against damage."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.archive import entry as kinds
from boxship.archive.entry import ArchiveError, Entry
from boxship.archive.reader import TarReader
from tests.support.tars import Member, file, folder, hardlink, symlink, tar


def read_all(data: bytes, piece: int = 1 << 18) -> list[tuple[Entry, bytes]]:
    """All entries with their data, read in pieces of at most `piece` bytes."""
    stream = io.BytesIO(data)
    reader = TarReader(lambda size: stream.read(min(size, piece)))
    return [(entry, b"".join(iter(lambda: reader.read(1000), b""))) for entry in reader]


names = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=40).filter(
    lambda name: name not in (".", "..")
)
paths = st.lists(names, min_size=1, max_size=8).map("/".join)
members = st.builds(
    Member,
    path=paths,
    data=st.binary(max_size=1500),
    mode=st.integers(0, 0o7777),
    owner=st.tuples(st.integers(0, 2**32 - 2), st.integers(0, 2**32 - 2)),
    mtime=st.integers(-(10**10), 10**10).map(float),
)


@given(st.lists(members, max_size=5), st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]), st.integers(1, 3000))
def test_what_tarfile_writes_is_read(written: list[Member], format: int, piece: int) -> None:
    read = read_all(tar(*written, format=format), piece)
    assert [
        (entry.path.decode(), data, entry.mode, (entry.uid, entry.gid), entry.mtime_ns) for entry, data in read
    ] == [(member.path, member.data, member.mode, member.owner, int(member.mtime) * 10**9) for member in written]


@given(st.binary(max_size=3000))
def test_any_bytes_are_an_archive_or_refused(data: bytes) -> None:
    try:
        read_all(data)
    except ArchiveError:
        pass


@given(st.data())
def test_a_flipped_byte_never_does_more_than_fail(data: st.DataObject) -> None:
    archive = bytearray(tar(file("a" * 150, b"1" * 700), symlink("b", "c" * 200), folder("d")))
    archive[data.draw(st.integers(0, 5000)) % len(archive)] ^= data.draw(st.integers(1, 255))
    try:
        read_all(bytes(archive))
    except ArchiveError:
        pass


@given(st.integers(1, 3000))
def test_a_cut_archive_is_never_taken_for_a_whole_one(cut: int) -> None:
    archive = tar(file("one", b"x" * 900), file("two", b"y" * 900))
    # Two headers of 512 bytes (no pax header: the time is whole), 1024 bytes of data each.
    end = 2 * (512 + 1024)
    whole = tar(file("one", b"x" * 900, mtime=1.0), file("two", b"y" * 900, mtime=1.0))[:end]
    assert len(archive) > end
    if cut % end == 0 or cut % end == 512 + 1024:
        assert len(read_all(whole[: cut % end])) == (cut % end) // 1536
    else:
        with pytest.raises(ArchiveError, match="unexpected EOF"):
            read_all(whole[: cut % end])


def test_kinds() -> None:
    archive = tar(
        folder("d"),
        file("d/f", b"1"),
        hardlink("h", "d/f"),
        symlink("s", "/else/where"),
        Member("c", tarfile.CHRTYPE, device=(5, 1)),
        Member("b", tarfile.BLKTYPE, device=(259, 70000)),
        Member("p", tarfile.FIFOTYPE),
    )
    read = [entry for entry, _ in read_all(archive)]
    assert [entry.kind for entry in read] == [
        kinds.FOLDER,
        kinds.FILE,
        kinds.HARDLINK,
        kinds.SYMLINK,
        kinds.CHARACTER,
        kinds.BLOCK,
        kinds.FIFO,
    ]
    assert [entry.link for entry in read[2:4]] == [b"d/f", b"/else/where"]
    assert [(entry.major, entry.minor) for entry in read[4:6]] == [(5, 1), (259, 70000)]


def test_fractions_of_a_second_and_times_before_1970() -> None:
    read = read_all(tar(file("a", mtime=-1.5), file("b", mtime=0.125)))
    assert [entry.mtime_ns for entry, _ in read] == [-1_500_000_000, 125_000_000]


def test_extended_attributes() -> None:
    ((entry, _),) = read_all(tar(file("a", xattrs={"user.one": "1", "security.capability": "x"})))
    assert entry.xattrs == {b"user.one": b"1", b"security.capability": b"x"}


def test_global_headers_are_passed_over() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "x", "uid": "77"}) as t:
        t.addfile(tarfile.TarInfo("a"))
    ((entry, _),) = read_all(out.getvalue())
    assert (entry.path, entry.uid) == (b"a", 0)


def test_before_posix_a_folder_was_a_name_with_a_slash() -> None:
    block = bytearray(tarfile.TarInfo("d/").tobuf(tarfile.USTAR_FORMAT))
    block[156] = 0
    block[257:265] = bytes(8)
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    ((entry, _),) = read_all(bytes(block))
    assert entry.kind == kinds.FOLDER


def test_data_of_links_is_not_expected_whatever_their_size_says() -> None:
    info = tarfile.TarInfo("h")
    info.type, info.linkname, info.size = tarfile.LNKTYPE, "a", 5000
    read = read_all(info.tobuf(tarfile.GNU_FORMAT) + tar(file("next")))
    assert [entry.path for entry, _ in read] == [b"h", b"next"]


@pytest.mark.parametrize("size", [-1, 2**63])
def test_impossible_sizes_are_refused(size: int) -> None:
    info = tarfile.TarInfo("a")
    info.size = size
    with pytest.raises(ArchiveError, match="has the size"):
        read_all(info.tobuf(tarfile.GNU_FORMAT))


def test_a_huge_size_is_an_early_end() -> None:
    info = tarfile.TarInfo("a")
    info.size = 2**62
    with pytest.raises(ArchiveError, match="unexpected EOF"):
        read_all(info.tobuf(tarfile.GNU_FORMAT) + b"x" * 2048)


def test_a_long_extended_header_is_refused() -> None:
    info = tarfile.TarInfo("a")
    info.type, info.size = tarfile.XHDTYPE, 2**40
    with pytest.raises(ArchiveError, match="too long"):
        read_all(info.tobuf(tarfile.GNU_FORMAT))


@pytest.mark.parametrize("record", [b"5 a=b\n", b"0 a=b\n", b"99 a=b\n", b"a=b\n", b"6 ab\n ", b"6 a=b ", b"5 =b\n"])
def test_malformed_pax_records_are_refused(record: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(record)
    archive = info.tobuf(tarfile.USTAR_FORMAT) + record.ljust(512, b"\0") + tar(file("a"))
    with pytest.raises(ArchiveError, match="pax record"):
        read_all(archive)


@pytest.mark.parametrize("form", ["gnu", "0.0", "0.1", "1.0"])
def test_sparse_files_of_gnu_tar(tmp_path: Path, form: str) -> None:
    parts = {0: b"start", 1 << 20: b"m" * 5000, (3 << 20) - 3: b"end"}
    parts |= {(5 << 20) + number * 65536: b"x" for number in range(40)}  # more parts than one header holds
    with open(tmp_path / "holes", "wb") as holes:
        for offset, data in parts.items():
            holes.seek(offset)
            holes.write(data)
        holes.truncate(9 << 20)
    style = ["--format=gnu"] if form == "gnu" else ["--format=posix", f"--sparse-version={form}"]
    command = ["tar", "-C", str(tmp_path), "-cS", *style, "holes", "--transform=s/holes/" + "n" * 130 + "/"]
    archive = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    ((entry, stored),) = read_all(archive)
    assert (entry.path, entry.size) == (b"n" * 130, 9 << 20)
    assert entry.sparse is not None and len(entry.sparse) > 10
    whole = bytearray(entry.size)
    for offset, length in entry.sparse:
        whole[offset : offset + length], stored = stored[:length], stored[length:]
    assert bytes(whole) == (tmp_path / "holes").read_bytes()
    assert not stored


def test_a_sparse_map_that_does_not_fit_is_refused() -> None:
    for wrong in ("0,4,2,4", "0,9", "4,8"):
        pax = {"GNU.sparse.map": wrong, "GNU.sparse.size": "8", "GNU.sparse.name": "x"}
        with pytest.raises(ArchiveError, match="sparse"):
            read_all(tar(file("a", b"12345678", pax=pax)))
