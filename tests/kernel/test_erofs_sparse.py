"""Files with holes, as GNU tar writes them in each of its forms, and maps that no index could hold."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from boxship.archive.erofs.chunks import Chunks
from tests.kernel.test_erofs import pytestmark, work  # noqa: F401
from tests.support.trees import describe, indexed

FORMS = {
    "0.0": ["--format=pax", "--sparse-version=0.0"],
    "0.1": ["--format=pax", "--sparse-version=0.1"],
    "1.0": ["--format=pax", "--sparse-version=1.0"],
    "old": ["--format=gnu"],
}


def make(path: Path, size: int, *parts: tuple[int, int]) -> None:
    """A file of that size with data at these places."""
    with path.open("wb") as file:
        for offset, length in parts:
            file.seek(offset)
            file.write(random.Random(offset).randbytes(length))
        file.truncate(size)


@pytest.mark.parametrize("form", FORMS)
def test_gnu_tars_sparse_files(work: str, form: str) -> None:  # noqa: F811
    source = Path(work, "source")
    source.mkdir()
    make(source / "full", 100, (0, 100))
    make(source / "hole", 5 << 20)
    make(source / "middle", 3 << 20, (1 << 20, 4096))
    make(source / "odd", 1_234_567, (0, 5000), (300_000, 7777), (1_000_001, 1))
    make(source / "end", (1 << 20) + 77, (1 << 20, 77))
    make(source / "many", 8 << 20, *((place << 13, 4096) for place in range(900)))
    os.link(source / "many", source / "linked")
    command = ["tar", "--sparse", *FORMS[form], "--sort=name", "-C", str(source), "-cf", "-", "."]
    archive = subprocess.run(command, capture_output=True, check=True).stdout
    with indexed(work, archive) as fd:
        tree = describe(fd, links=True)
    fd = os.open(source, os.O_RDONLY)
    try:
        expected = describe(fd)
    finally:
        os.close(fd)
    assert tree.keys() == expected.keys()
    for name, file in expected.items():
        assert (tree[name].size, tree[name].content, tree[name].names) == (file.size, file.content, file.names)


@pytest.mark.parametrize("form", FORMS)
def test_a_file_of_300_gigabytes(work: str, form: str) -> None:  # noqa: F811
    """As /var/log/lastlog is where users have high numbers."""
    source, size = Path(work, "source"), 300 << 30
    source.mkdir()
    make(source / "lastlog", size, (200 << 30, 4096), (size - 9, 9))
    command = ["tar", "--sparse", *FORMS[form], "-C", str(source), "-cf", "-", "lastlog"]
    archive = subprocess.run(command, capture_output=True, check=True).stdout
    with indexed(work, archive) as root:
        fd = os.open("lastlog", os.O_RDONLY, dir_fd=root)
        try:
            assert os.fstat(fd).st_size == size
            with (source / "lastlog").open("rb") as file:
                for place in (0, (200 << 30) - 4096, 200 << 30, (200 << 30) + 4096, size - 8192, size - 4096):
                    file.seek(place)
                    assert os.pread(fd, 8192, place) == file.read(8192)
        finally:
            os.close(fd)
    assert os.stat(f"{work}/image").st_blocks * 512 < 4 << 20


def test_chunks_say_where_each_byte_is() -> None:
    generator = random.Random(5)
    for step in (1, 512, 4096):
        for _ in range(50):
            borders = sorted(generator.sample(range(60), 8))
            parts = [(borders[i] * step, (borders[i + 1] - borders[i]) * step) for i in range(0, 8, 2)]
            size = parts[-1][0] + parts[-1][1] + generator.choice([0, 1, 5000])
            stored = generator.randbytes(sum(length for _, length in parts))
            expected, at = bytearray(size), 0
            for offset, length in parts:
                expected[offset : offset + length] = stored[at : at + length]
                at += length
            assert rebuilt(Chunks(size, parts), stored) == expected


def rebuilt(chunks: Chunks, stored: bytes) -> bytearray:
    """The file that a map stands for."""
    chunk = 1 << chunks.bits
    whole = bytearray(chunks.count * chunk)
    for number, place in chunks.in_tar:
        assert place % 512 == 0
        data = stored[place : place + chunk]
        whole[number * chunk : number * chunk + len(data)] = data
    for number, pieces in chunks.copied.items():
        for offset, place, length in pieces:
            start = number * chunk + offset
            whole[start : start + length] = stored[place : place + length]
    return whole[: chunks.size]
