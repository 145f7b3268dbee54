"""Docker's multiplexed stream: stdout and stderr of one process in one byte stream.

Every frame is an 8-byte header (the stream's number, three zero bytes, the payload's length as a big-endian
32-bit number) and the payload. Source: Engine API reference, "Attach to a container", "Stream format".

The monitor imports this module: nothing but `struct` is needed.
"""

from __future__ import annotations

import struct

STDIN = 0
STDOUT = 1
STDERR = 2
SYSTEMERR = 3

HEADER_SIZE = 8
_HEADER = struct.Struct(">BxxxL")
_LONGEST = 0xFFFFFFFF


class BadFrame(ValueError):
    """A header that no Docker engine writes: the stream is damaged or was never multiplexed."""


def header(stream: int, length: int) -> bytes:
    """The 8 bytes before a payload of `length` bytes. ValueError when it does not fit 32 bits."""
    if not 0 <= length <= _LONGEST:
        raise ValueError(f"a frame holds at most {_LONGEST} bytes, not {length}")
    return _HEADER.pack(stream, length)


def frame(stream: int, payload: bytes) -> bytes:
    """One whole frame."""
    return header(stream, len(payload)) + payload


def parse_header(data: bytes | bytearray | memoryview) -> tuple[int, int]:
    """The stream's number and the payload's length, from the first 8 bytes of `data`. BadFrame."""
    stream, length = _HEADER.unpack_from(data)
    if stream > SYSTEMERR or data[1] or data[2] or data[3]:
        raise BadFrame(f"not a frame of a multiplexed stream: {bytes(data[:HEADER_SIZE])!r}")
    return stream, length


class Decoder:
    """Takes the stream in pieces of any size and gives what of each payload is there already.

    Payloads are passed on as they come, never gathered: a frame of 4 GiB needs no memory.
    """

    __slots__ = ("_head", "_left", "_stream")

    def __init__(self) -> None:
        self._head = bytearray()
        self._stream = STDOUT
        self._left = 0

    @property
    def between_frames(self) -> bool:
        """True where the stream may end."""
        return not self._left and not self._head

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Pairs of the stream's number and a non-empty piece of its payload. BadFrame."""
        pieces: list[tuple[int, bytes]] = []
        position = 0
        size = len(data)
        while position < size:
            if not self._left:
                take = HEADER_SIZE - len(self._head)
                self._head += data[position : position + take]
                position += take
                if len(self._head) == HEADER_SIZE:
                    self._stream, self._left = parse_header(self._head)
                    self._head.clear()
                continue
            piece = data[position : position + self._left]
            position += len(piece)
            self._left -= len(piece)
            pieces.append((self._stream, piece))
        return pieces
