"""The records of `json-file` are Docker's, byte for byte; the expected ones were taken from Docker 28.5."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.lib.logframe import LogTarget
from boxship.shim.logs import open_log
from boxship.shim.logs.json_file import PIECE, escape, split_pieces

MOMENT = 1_764_078_045_899_327_180
TIME = "2025-11-25T13:40:45.89932718Z"


def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *writes: bytes, **attributes: str) -> str:
    monkeypatch.setattr(time, "time_ns", lambda: MOMENT)
    log = open_log(LogTarget("json-file", str(tmp_path / "log"), attributes=attributes))
    for data in writes:
        log.write(1, data)
    log.close()
    return (tmp_path / "log").read_text()


def test_escapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(code for code in range(128) if code != 10) + b"\n"
    data += "é€😀\u2028\u2029\ufffd<>&'\"\\ \x7f\n".encode()
    data += b"\xe2\x82a\xed\xa0\x80\xf0\x9f\x98\n"
    assert records(tmp_path, monkeypatch, data, a="b c=,d", X="1") == "".join(
        '{"log":"' + text + '\\n","stream":"stdout","attrs":{"X":"1","a":"b c=,d"},"time":"' + TIME + '"}\n'
        for text in (
            "\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\u0008\\u0009\\u000b\\u000c\\r\\u000e\\u000f"
            "\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d"
            "\\u001e\\u001f !\\\"#$%\\u0026'()*+,-./0123456789:;\\u003c=\\u003e?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\\\]^_"
            "`abcdefghijklmnopqrstuvwxyz{|}~\x7f",
            "é€😀\\u2028\\u2029\ufffd\\u003c\\u003e\\u0026'\\\"\\\\ \x7f",
            "\\ufffd\\ufffda\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd",
        )
    )


def test_lines_are_cut_at_16_kib_and_the_last_needs_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = records(tmp_path, monkeypatch, b"x\n" + b"a" * 20000, b"\n\nlast")
    logs = [json.loads(line)["log"] for line in text.splitlines()]
    assert logs == ["x\n", "a" * PIECE, "a" * (20000 - PIECE) + "\n", "\n", "last"]


@given(st.binary())
def test_what_is_escaped_is_one_json_string(data: bytes) -> None:
    text = escape(data).replace("\n", "\\n")
    expected = "".join(
        "\ufffd" if "\udc80" <= character <= "\udcff" else character
        for character in data.decode(errors="surrogateescape")
    )
    assert json.loads(f'"{text}"') == expected
    assert not set(text) & set("<>&\u2028\u2029")


@given(st.lists(st.tuples(st.integers(0, 3 * PIECE), st.booleans()), max_size=6))
def test_pieces(lines: list[tuple[int, bool]]) -> None:
    """Every piece of 16 KiB and every line, as a plain loop over the bytes would find them."""
    data = b"".join(b"a" * length + (b"\n" if ends else b"") for length, ends in lines)
    expected = []
    rest = data
    while True:
        end = rest.find(b"\n", 0, PIECE) + 1
        if not end and len(rest) < PIECE:
            break
        end = end or PIECE
        expected.append(rest[:end])
        rest = rest[end:]
    runs, left = split_pieces(data)
    assert left == rest
    found = [line for run, whole in runs for line in (run.splitlines(keepends=True) if whole else [run])]
    assert found == expected
    assert all(run.endswith(b"\n") == whole for run, whole in runs)


def test_rotation_keeps_records_whole(tmp_path: Path) -> None:
    log = open_log(LogTarget("json-file", str(tmp_path / "log"), max_size=1000, max_file=3))
    for begin in range(0, 60, 20):
        log.write(2, b"".join(b"line %d\n" % number for number in range(begin, begin + 20)))
    log.close()
    files = sorted(tmp_path.iterdir(), reverse=True)
    assert [file.name for file in files] == ["log.2", "log.1", "log"]
    kept = [json.loads(line)["log"] for file in files for line in file.read_text().splitlines()]
    assert kept == [f"line {number}\n" for number in range(60 - len(kept), 60)]
    # As Docker: a file is full once it has reached its size.
    assert all(1000 <= file.stat().st_size < 1100 for file in files[:2])
