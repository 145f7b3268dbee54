"""Torn tails, broken frames, files that are missing: counted, passed over, resumed."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxship.lib.logframe import FRAME_OVERHEAD, LogTarget
from boxship.shim.logs import open_log
from boxship.storage.logs import LogChunk, LogFollower, LogQuery, read_log


def lines(chunks: list[LogChunk]) -> list[bytes]:
    return [line for chunk in chunks for line in chunk.data.splitlines()]


def read(target: LogTarget, **query: object) -> list[bytes]:
    return lines([chunk for batch in read_log(target, LogQuery(**query)) for chunk in batch])  # type: ignore[arg-type]


def written(target: LogTarget, first: int, count: int) -> list[bytes]:
    log = open_log(target)
    made = [b"line %d" % number for number in range(first, first + count)]
    for line in made:
        log.write(1, line + b"\n")
    log.close()
    return made


@pytest.mark.parametrize("driver", ["local", "json-file"])
def test_a_tail_torn_at_any_byte(tmp_path: Path, driver: str) -> None:
    target = LogTarget(driver, str(tmp_path / "log"))
    path = tmp_path / "log"
    before = written(target, 0, 3)
    whole = path.stat().st_size
    written(target, 3, 1)
    data = path.read_bytes()
    for end in range(whole + 1, len(data)):
        path.write_bytes(data[:end])
        # A reader sees the whole lines only.
        assert read(target) == before
        assert read(target, tail=1) == before[-1:]
        # One that reads along waits for the rest.
        with LogFollower(target, LogQuery(follow=True)) as follower:
            assert lines(follower.next_batch()) == before
            assert follower.next_batch() == []
            # The next run cuts it off, says so, and goes on.
            after = written(target, 9, 2)
            assert follower.damaged == 0
            along = lines(follower.next_batch() + follower.next_batch())
        notice = b"boxship: %d bytes of this log are lost: the writer was killed" % (end - whole)
        assert along == [notice, *after]
        assert read(target) == [*before, notice, *after]
        assert read(target, tail=3) == [notice, *after]
        assert read(target, stderr=False) == [*before, *after]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, 10**9), junk=st.binary(min_size=1, max_size=80), cut=st.integers(0, 80))
def test_damage_in_the_middle_costs_only_what_it_touches(tmp_path: Path, at: int, junk: bytes, cut: int) -> None:
    path = tmp_path / "log"
    path.unlink(missing_ok=True)
    target = LogTarget("local", str(path))
    made = written(target, 0, 30)
    data = path.read_bytes()
    at %= len(data)
    path.write_bytes(data[:at] + junk + data[at + cut :])
    found = read(target)
    assert [line for line in found if line in made] == [line for line in made if line in found]
    frame = FRAME_OVERHEAD + len(b"line 10\n")
    assert len(made) - len([line for line in found if line in made]) <= 2 + cut // frame
    # Backwards as forwards, also where both must pass over it.
    for tail in (1, 5, 29, 40):
        assert read(target, tail=tail) == found[-tail:]
    # A writer that comes back goes on behind the last whole frame.
    after = written(target, 100, 1)
    assert read(target)[-1:] == after
    assert [line for line in read(target) if line in made] == [line for line in found if line in made]


def test_a_broken_record_of_json_lines_is_passed_over(tmp_path: Path) -> None:
    target = LogTarget("json-file", str(tmp_path / "log"))
    made = written(target, 0, 5)
    data = (tmp_path / "log").read_bytes().splitlines(keepends=True)
    data[2] = b"\xff{broken" + data[2][9:]
    (tmp_path / "log").write_bytes(b"".join(data))
    with LogFollower(target, LogQuery()) as follower:
        assert lines(follower.next_batch()) == made[:2] + made[3:]
        assert follower.damaged == len(data[2])
    assert read(target, tail=3) == [made[1], *made[3:]]


@pytest.mark.parametrize("driver", ["local", "json-file"])
@pytest.mark.parametrize("crashed_after", range(4))
def test_a_crash_between_the_renames(tmp_path: Path, driver: str, crashed_after: int) -> None:
    """Rotation renames .2 to .3, .1 to .2, the log to .1, then makes a new one; each step may be the last."""
    target = LogTarget(driver, str(tmp_path / "log"), max_size=200, max_file=9)
    made = written(target, 0, 10)
    names = sorted((name for name in os.listdir(tmp_path) if name != "log"), reverse=True)
    assert len(names) >= 2
    steps = [(name, f"log.{int(name[4:]) + 1}") for name in names] + [("log", "log.1")]
    for old, new in steps[:crashed_after]:
        os.rename(tmp_path / old, tmp_path / new)
    assert read(target) == made
    after = written(target, 10, 2)
    assert read(target) == made + after
    assert read(target, tail=4) == (made + after)[-4:]


def test_emptied_in_place(tmp_path: Path) -> None:
    """`truncate -s 0` on a running container's log is common practice."""
    target = LogTarget("local", str(tmp_path / "log"))
    log = open_log(target)
    log.write(1, b"before\n")
    with LogFollower(target, LogQuery(follow=True)) as follower:
        assert lines(follower.next_batch()) == [b"before"]
        os.truncate(target.path, 0)
        assert follower.next_batch() == []
        log.write(1, b"after\n")
        assert lines(follower.next_batch()) == [b"after"]
    log.close()
    assert read(target) == [b"after"]


def test_a_follower_keeps_what_rotation_removes_and_tells_what_it_missed(tmp_path: Path) -> None:
    target = LogTarget("local", str(tmp_path / "log"), max_size=4096, max_file=2)
    log = open_log(target)
    with LogFollower(target, LogQuery(follow=True)) as follower:
        log.write(1, b"a" * 1000 + b"\n")
        assert follower.next_batch()
        # One rotation: the old file is held open, the new one is found.
        for _ in range(6):
            log.write(1, b"b" * 1000 + b"\n")
        found = []
        while batch := follower.next_batch():
            found += lines(batch)
        assert found == [b"b" * 1000] * 6
        # Many rotations unseen: the gap is told.
        for _ in range(40):
            log.write(1, b"c" * 1000 + b"\n")
        found = []
        while batch := follower.next_batch():
            found += lines(batch)
        told = [line for line in found if b"rotated away" in line]
        assert len(told) == 1
        assert set(found) - set(told) == {b"c" * 1000}
    log.close()


def test_a_log_that_is_not_there_yet(tmp_path: Path) -> None:
    target = LogTarget("local", str(tmp_path / "logs" / "log"))
    assert read(target) == []
    with LogFollower(target, LogQuery(follow=True, tail=5)) as follower:
        assert follower.next_batch() == []
        made = written(target, 0, 2)
        assert lines(follower.next_batch()) == made
