"""--since and --until: both ends count, and --tail counts what they let through."""

import time
from pathlib import Path

import pytest

from boxship.lib.errors import BoxshipError, InvalidParameter, Unsupported
from boxship.lib.logframe import LogTarget
from boxship.shim.logs import open_log
from boxship.storage.logs import (
    LogFollower,
    LogQuery,
    encode_batch,
    parse_tail,
    parse_time,
    read_log,
    require_streams,
)

START = 1_700_000_000_000_000_000


@pytest.fixture(params=["local", "json-file"])
def target(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LogTarget:
    """Ten lines, one each nanosecond, `e` on stderr; three files."""
    target = LogTarget(request.param, str(tmp_path / "log"), max_size=350, max_file=9)
    log = open_log(target)
    for number in range(10):
        monkeypatch.setattr(time, "time_ns", lambda number=number: START + number)
        log.write(2 if number % 5 == 3 else 1, b"line %d\n" % number)
    log.close()
    return target


def numbers(target: LogTarget, **query: object) -> list[int]:
    chunks = [chunk for batch in read_log(target, LogQuery(**query)) for chunk in batch]  # type: ignore[arg-type]
    return [int(line.split()[1]) for chunk in chunks for line in chunk.data.splitlines()]


def test_the_log_has_several_files(target: LogTarget) -> None:
    assert Path(f"{target.path}.1").exists()


def test_times(target: LogTarget) -> None:
    everything = list(range(10))
    assert numbers(target) == everything
    for since in range(-1, 12):
        for until in range(12):
            expected = [n for n in everything if n >= since and n <= until]
            query = {"since_ns": START + since, "until_ns": START + until}
            assert numbers(target, **query) == expected
            for tail in range(5):
                assert numbers(target, tail=tail, **query) == expected[max(len(expected) - tail, 0) :]


def test_streams(target: LogTarget) -> None:
    assert numbers(target, stdout=False) == [3, 8]
    assert numbers(target, stdout=False, tail=1) == [8]
    assert numbers(target, stderr=False, tail=2) == [7, 9]


def test_following_ends_with_until(target: LogTarget) -> None:
    with LogFollower(target, LogQuery(follow=True, until_ns=START + 4)) as follower:
        found = []
        while not follower.done:
            found += follower.next_batch()
        assert b"".join(chunk.data for chunk in found).count(b"\n") == 5
        assert follower.next_batch() == []


def test_encoding(target: LogTarget) -> None:
    """The bytes are those that Docker 28.5 sends for the same lines."""
    chunks = [chunk for batch in read_log(target, LogQuery(tail=2)) for chunk in batch]
    assert encode_batch(chunks, multiplexed=True) == (b"\x02\0\0\0\0\0\0\x07line 8\n\x01\0\0\0\0\0\0\x07line 9\n")
    assert encode_batch(chunks, multiplexed=False) == b"line 8\nline 9\n"
    stamped = b"2023-11-14T22:13:20.000000009Z "
    assert encode_batch(chunks[1:], multiplexed=False, timestamps=True) == stamped + b"line 9\n"
    assert encode_batch(chunks[1:], multiplexed=True, attributes={}) == b"\x01\0\0\0\0\0\0\x08 line 9\n"
    details = {"b": "x", "a": "b c=,d"}
    assert encode_batch(chunks[1:], multiplexed=False, timestamps=True, attributes=details) == (
        stamped + b"a=b+c%3D%2Cd,b=x line 9\n"
    )


def test_a_carriage_return_ends_no_line(tmp_path: Path) -> None:
    target = LogTarget("local", str(tmp_path / "log"))
    log = open_log(target)
    log.write(1, b"10%\r20%\r\nlast")
    log.close()
    chunks = [chunk for batch in read_log(target, LogQuery()) for chunk in batch]
    assert encode_batch(chunks, multiplexed=True) == (b"\x01\0\0\0\0\0\0\x0910%\r20%\r\n\x01\0\0\0\0\0\0\x04last")


@pytest.mark.parametrize(
    ("text", "ns"),
    [("", 0), ("0", 0), ("1700000000", START), ("1700000000.5", START + 500_000_000), ("12.000000001", 12_000_000_001)],
)
def test_parse_time(text: str, ns: int) -> None:
    assert parse_time(text) == ns


def test_bad_parameters() -> None:
    with pytest.raises(BoxshipError, match=r'strconv\.ParseInt: parsing "abc": invalid syntax'):
        parse_time("abc")
    with pytest.raises(InvalidParameter, match="Bad parameters: you must choose at least one stream"):
        require_streams(LogQuery(stdout=False, stderr=False))
    assert [parse_tail(text) for text in ("all", "", "abc", "-1", "0", "7")] == [None, None, None, None, 0, 7]
    with pytest.raises(Unsupported, match="configured logging driver does not support reading"):
        list(read_log(LogTarget("none", ""), LogQuery()))
