"""The output of ps as `docker top` shows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.engine.container.top import check_arguments, pick, split_fields
from boxship.lib.errors import BoxshipError

OUTPUT = """UID   PID  PPID CMD
root    1     0 /sbin/init  splash
root   42     1 sleep 600
app    43    42 sh -c  a b
"""


def test_only_ours() -> None:
    titles, rows = pick(OUTPUT, {42, 43})
    assert titles == ["UID", "PID", "PPID", "CMD"]
    assert rows == [["root", "42", "1", "sleep 600"], ["app", "43", "42", "sh -c a b"]]
    assert pick(OUTPUT, {7}) == (titles, None)


def test_threads_follow_their_process() -> None:
    output = "PID TID CMD\n1 - init\n- 1 -\n42 - sleep 600\n- 42 -\n"
    assert pick(output, {42})[1] == [["42", "-", "sleep 600"], ["-", "42", "-"]]


def test_no_column_of_pids() -> None:
    with pytest.raises(BoxshipError, match="Couldn't find PID field in ps output"):
        pick("CMD\nsleep\n", {1})


def test_what_is_no_pid() -> None:
    with pytest.raises(BoxshipError, match="Unexpected pid 'x'"):
        pick("PID CMD\nx sleep\n", {1})


def test_another_column_called_pid() -> None:
    for arguments in (" -o pid,ppid=PID", "-o comm= PID", "-eo x=PIDS"):
        with pytest.raises(BoxshipError, match="is not allowed"):
            check_arguments(arguments)
    for arguments in ("", "aux", "-eo pid=PID", "-o pid,comm=NAME", "-o pid=  PID"):
        check_arguments(arguments)


@given(st.text())
def test_only_ascii_blanks_part_words(text: str) -> None:
    words = split_fields(text)
    assert "".join(words) == "".join(letter for letter in text if letter not in "\t\n\f\r\v ")
    assert all(words)


@given(st.text(), st.sets(st.integers(0, 9)))
def test_any_output(text: str, pids: set[int]) -> None:
    try:
        titles, rows = pick(text, pids)
    except BoxshipError:
        return
    assert all(len(row) == len(titles) or len(row) <= len(titles) for row in rows or ())
