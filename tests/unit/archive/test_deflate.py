"""Gzip in pieces is gzip."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from boxship.archive.deflate import PIECE, gzipped


def content(size: int) -> bytes:
    """Half noise, half repetition."""
    chance = random.Random(size)
    return b"".join(chance.randbytes(512) + b"a line of text\n" * 34 for _ in range(size // 1022 + 1))[:size]


@pytest.mark.parametrize("size", [0, 1, 1000, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 17])
def test_any_size_comes_back(size: int, tmp_path: Path) -> None:
    """By Python's gzip and by gzip(1), which also test the checksum; the same bytes on any number of threads."""
    path = tmp_path / "plain"
    path.write_bytes(content(size))
    made = []
    with path.open("rb") as file:
        for threads, ahead in ((1, 1), (2, 4)):
            with ThreadPoolExecutor(threads) as pool:
                made.append(b"".join(gzipped(file.fileno(), size, pool, ahead)))
    assert made[0] == made[1]
    assert gzip.decompress(made[0]) == content(size)
    assert subprocess.run(["gzip", "-dc"], input=made[0], capture_output=True, check=True).stdout == content(size)


def test_a_reader_that_stops(tmp_path: Path) -> None:
    """Nothing uses the file any more when the generator is closed."""
    path = tmp_path / "plain"
    path.write_bytes(content(8 * PIECE))
    with ThreadPoolExecutor(2) as pool:
        fd = os.open(path, os.O_RDONLY)
        pieces = gzipped(fd, 8 * PIECE, pool, 4)
        next(pieces), next(pieces)
        pieces.close()
        os.close(fd)


def test_a_file_that_is_too_short(tmp_path: Path) -> None:
    path = tmp_path / "plain"
    path.write_bytes(b"short")
    with path.open("rb") as file, ThreadPoolExecutor(1) as pool, pytest.raises(EOFError):
        list(gzipped(file.fileno(), 10, pool, 2))
