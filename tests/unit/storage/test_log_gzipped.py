"""Compressed files of a log: nothing of it is lost, for nobody, at no instant."""

import gzip
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from boxship.lib.logframe import LogTarget
from boxship.shim.logs import open_log
from boxship.storage.logs import LogChunk, LogFollower, LogQuery, compress_rotated, read_log


def lines(chunks: list[LogChunk]) -> list[int]:
    return [int(line) for chunk in chunks for line in chunk.data.splitlines()]


def read(target: LogTarget, **query: object) -> list[int]:
    return lines([chunk for batch in read_log(target, LogQuery(**query)) for chunk in batch])  # type: ignore[arg-type]


@pytest.fixture(params=["local", "json-file"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> LogTarget:
    return LogTarget(request.param, str(tmp_path / "log"), 2000, 50, compress=True)


def test_compressed_files_are_read_as_before(target: LogTarget) -> None:
    log = open_log(target)
    for number in range(300):
        log.write(1, b"%d\n" % number)
    made = compress_rotated(target)
    assert made >= 4
    assert compress_rotated(target) == 0
    names = sorted(os.listdir(os.path.dirname(target.path)))
    assert names == sorted(["log", *(f"log.{number}.gz" for number in range(1, made + 1))])
    assert gzip.decompress(Path(f"{target.path}.1.gz").read_bytes())
    assert read(target) == list(range(300))
    assert read(target, tail=150) == list(range(150, 300))
    # Rotation goes on over compressed files.
    for number in range(300, 400):
        log.write(1, b"%d\n" % number)
    log.close()
    assert read(target) == list(range(400))


def test_the_oldest_goes_compressed_or_not(tmp_path: Path) -> None:
    target = LogTarget("json-file", str(tmp_path / "log"), 1000, 3, compress=True)
    log = open_log(target)
    for number in range(200):
        log.write(1, b"%d\n" % number)
        if number % 40 == 0:
            compress_rotated(target)
        assert len({name.removesuffix(".gz") for name in os.listdir(tmp_path)}) <= 3
    log.close()
    found = read(target)
    assert found == list(range(found[0], 200))


def test_a_follower_is_not_confused(target: LogTarget) -> None:
    log = open_log(target)
    found: list[int] = []
    with LogFollower(target, LogQuery(follow=True)) as follower:
        for number in range(400):
            log.write(1, b"%d\n" % number)
            if number % 90 == 0:
                while batch := follower.next_batch():
                    found += lines(batch)
                compress_rotated(target)
            if number % 130 == 0:
                compress_rotated(target)
        while batch := follower.next_batch():
            found += lines(batch)
    log.close()
    assert found == list(range(400))


def test_compressing_beside_a_writer(target: LogTarget) -> None:
    """Rotation and compression rename the same files at the same time."""
    log = open_log(target)
    over = threading.Event()

    def compress() -> int:
        done = 0
        while not over.is_set():
            done += compress_rotated(target)
        return done

    with ThreadPoolExecutor(2) as threads:
        made = [threads.submit(compress) for _ in range(2)]
        for number in range(1500):
            log.write(1, b"%d\n" % number)
        over.set()
        assert sum(future.result() for future in made)
    log.close()
    found = read(target)
    assert found == list(range(found[0], 1500))
    assert not [name for name in os.listdir(os.path.dirname(target.path)) if "tmp" in name]


def test_a_crash_that_left_both_forms(target: LogTarget) -> None:
    log = open_log(target)
    for number in range(200):
        log.write(1, b"%d\n" % number)
    plain = Path(f"{target.path}.1").read_bytes()
    compress_rotated(target)
    Path(f"{target.path}.1").write_bytes(plain)
    assert read(target) == list(range(200))
    for number in range(200, 300):
        log.write(1, b"%d\n" % number)
    log.close()
    assert read(target) == list(range(300))
    compress_rotated(target)
    assert read(target) == list(range(300))


def test_a_damaged_compressed_file_costs_itself_only(target: LogTarget) -> None:
    log = open_log(target)
    for number in range(200):
        log.write(1, b"%d\n" % number)
    log.close()
    compress_rotated(target)
    path = Path(f"{target.path}.2.gz")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = read(target, stderr=False)
    assert 100 < len(found) < 200
    assert found[-1] == 199
