"""Docker's multiplexed stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.http.stdcopy import HEADER_SIZE, STDERR, STDOUT, BadFrame, Decoder, frame, header, parse_header

frames = st.lists(st.tuples(st.sampled_from([0, 1, 2, 3]), st.binary(max_size=300)), max_size=8)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


@given(frames, st.lists(st.integers(0, 40), max_size=60))
def test_what_goes_in_comes_out_however_it_is_cut(sent: list[tuple[int, bytes]], sizes: list[int]) -> None:
    """The decoder gives every payload to its stream, in order."""
    decoder = Decoder()
    wire = b"".join(frame(stream, payload) for stream, payload in sent)
    got = [piece for data in cut(wire, sizes) for piece in decoder.feed(data)]
    assert decoder.between_frames
    for stream in range(4):
        expected = b"".join(payload for number, payload in sent if number == stream)
        assert b"".join(payload for number, payload in got if number == stream) == expected
    assert all(payload for _, payload in got)


def test_the_bytes_on_the_wire() -> None:
    """The example of the API reference: stream, three zeros, the length with its highest byte first."""
    assert frame(STDOUT, b"hello") == b"\x01\x00\x00\x00\x00\x00\x00\x05hello"
    assert header(STDERR, 0x01020304) == b"\x02\x00\x00\x00\x01\x02\x03\x04"
    assert parse_header(header(STDERR, 7) + b"rest") == (STDERR, 7)


def test_a_large_payload_is_passed_on_as_it_comes() -> None:
    """Nothing is gathered."""
    decoder = Decoder()
    assert decoder.feed(header(STDOUT, 1 << 31)) == []
    assert decoder.feed(b"x" * 10) == [(STDOUT, b"x" * 10)]
    assert not decoder.between_frames


@given(st.binary(min_size=HEADER_SIZE, max_size=HEADER_SIZE))
def test_what_is_no_header_is_told(data: bytes) -> None:
    """Raw output taken for a multiplexed stream is an error, not garbage."""
    if data[0] <= 3 and not any(data[1:4]):
        parse_header(data)
        return
    with pytest.raises(BadFrame):
        Decoder().feed(data)


@pytest.mark.parametrize("length", [-1, 1 << 32])
def test_a_frame_has_32_bits_of_length(length: int) -> None:
    """More is the caller's mistake."""
    with pytest.raises(ValueError, match="at most"):
        header(STDOUT, length)
