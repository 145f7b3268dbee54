"""Opening logs, and how small limits and odd writes are kept by `local`."""

import json
import os
from pathlib import Path

import pytest

from boxship.lib.logframe import HEAD, LogTarget, frame_at, parse_head
from boxship.shim.logs import open_log


def test_a_target_travels_as_json() -> None:
    target = LogTarget("local", "/x/log", 7, 3, True, {"a": "b"})
    assert LogTarget.from_json(json.loads(json.dumps(target.to_json()))) == target
    assert target != LogTarget("local", "/x/log", 7, 3, True)


def test_unknown_driver() -> None:
    with pytest.raises(ValueError, match="no log driver 'syslog'"):
        open_log(LogTarget("syslog", "/nowhere/log"))


def test_none_keeps_nothing(tmp_path: Path) -> None:
    log = open_log(LogTarget("none", str(tmp_path / "log")))
    log.write(1, b"x\n")
    log.close()
    assert os.listdir(tmp_path) == []


def test_a_log_that_cannot_be_opened_fails_at_once(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(IsADirectoryError):
        open_log(LogTarget("local", str(tmp_path / "log")))
    # A link that somebody planted is not followed.
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        open_log(LogTarget("json-file", str(tmp_path / "link")))


def test_only_the_owner_and_the_group_may_read(tmp_path: Path) -> None:
    open_log(LogTarget("local", str(tmp_path / "logs" / "log"))).close()
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "logs" / "log").stat().st_mode & 0o137 == 0


@pytest.mark.parametrize("limit", [1, 100, 10_000, 200_000])
def test_limits_are_kept(tmp_path: Path, limit: int) -> None:
    """A file exceeds its limit by no more than the smallest frame; no more files than asked for."""
    log = open_log(LogTarget("local", str(tmp_path / "log"), limit, 3))
    for _ in range(20):
        log.write(1, b"x" * 70_000)
        assert sorted(os.listdir(tmp_path))[-1] <= "log.2"
    log.close()
    for file in tmp_path.iterdir():
        assert file.stat().st_size <= max(limit, 4096 + 200)


def test_files_are_numbered_in_their_first_frame(tmp_path: Path) -> None:
    target = LogTarget("local", str(tmp_path / "log"), 5000, 9)
    for _ in range(2):
        log = open_log(target)
        for _ in range(6):
            log.write(2, b"y" * 1000)
        log.close()
    found = []
    for name in sorted(os.listdir(tmp_path), reverse=True):
        frame = frame_at((tmp_path / name).read_bytes(), 0, 0)
        assert frame is not None
        assert frame.kind == HEAD
        found.append(parse_head(frame.payload))
    assert found == [1, 2, 3]


def test_fewer_files_than_before(tmp_path: Path) -> None:
    for count in (6, 2):
        log = open_log(LogTarget("local", str(tmp_path / "log"), 5000, count))
        for _ in range(40):
            log.write(1, b"z" * 1000)
        log.close()
    assert sorted(os.listdir(tmp_path)) == ["log", "log.1"]
