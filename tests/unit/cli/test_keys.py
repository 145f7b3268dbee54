"""Detach keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.cli.keys import DEFAULT, Matcher, parse


def test_parse() -> None:
    assert parse("ctrl-p,ctrl-q") == DEFAULT
    assert parse("a,ctrl-a,ctrl-@,ctrl-[,ctrl-_") == b"a\x01\x00\x1b\x1f"
    for text in ("foo", "ctrl-", "ctrl-A", "", "a,,b"):
        with pytest.raises(ValueError, match="Unknown character"):
            parse(text)


def test_the_sequence_is_found_over_pieces_and_what_came_before_is_passed_on() -> None:
    matcher = Matcher(DEFAULT)
    assert matcher.feed(b"ab\x10") == (b"ab", False)
    assert matcher.feed(b"c\x10") == (b"\x10c", False)
    assert matcher.feed(b"\x11rest") == (b"", True)


def test_a_beginning_that_begins_again() -> None:
    matcher = Matcher(DEFAULT)
    assert matcher.feed(b"\x10\x10\x10") == (b"\x10\x10", False)
    assert matcher.feed(b"\x11") == (b"", True)


@given(st.lists(st.binary(max_size=6), max_size=8))
def test_nothing_is_lost_that_is_no_sequence(pieces: list[bytes]) -> None:
    typed = b"".join(pieces)
    matcher = Matcher(DEFAULT)
    passed = b""
    for piece in pieces:
        more, found = matcher.feed(piece)
        passed += more
        if found:
            assert typed.startswith(passed + DEFAULT)
            return
    assert DEFAULT not in typed
    assert passed + DEFAULT[: matcher.held] == typed
