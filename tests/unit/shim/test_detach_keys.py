"""The detach sequence in typed bytes, however they arrive."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from boxship.shim.client import DetachKeys

KEYS = b"\x10\x11"


def feed_all(keys: bytes, pieces: list[bytes]) -> tuple[bytes, bool]:
    finder = DetachKeys(keys)
    passed = b""
    for piece in pieces:
        more, detached = finder.feed(piece)
        passed += more
        if detached:
            return passed, True
    return passed, False


@given(st.binary(max_size=64), st.lists(st.integers(0, 64), max_size=5))
def test_found_wherever_the_pieces_are_cut(before: bytes, cuts: list[int]) -> None:
    before = before.replace(b"\x10", b"-")
    whole = before + KEYS + b"after"
    edges = sorted({0, len(whole), *(min(cut, len(whole)) for cut in cuts)})
    pieces = [whole[a:b] for a, b in itertools.pairwise(edges)]
    assert feed_all(KEYS, pieces) == (before, True)


@given(st.lists(st.binary(max_size=16), max_size=8))
def test_without_the_sequence_nothing_is_lost(pieces: list[bytes]) -> None:
    pieces = [piece.replace(b"\x11", b"") for piece in pieces]
    passed, detached = feed_all(KEYS, pieces)
    whole = b"".join(pieces)
    assert not detached
    # A trailing first key is held back until the next byte says what it was.
    assert passed in (whole, whole.removesuffix(b"\x10"))


def test_a_part_that_does_not_go_on_is_passed() -> None:
    assert feed_all(b"abc", [b"ab", b"x", b"aabc"]) == (b"abxa", True)


def test_no_keys_never_detach() -> None:
    assert feed_all(b"", [KEYS]) == (KEYS, False)
