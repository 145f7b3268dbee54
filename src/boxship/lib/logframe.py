"""The container log: where it lies and how the `local` driver frames it. Shared by the monitor (writer) and
the daemon (reader), so it imports nothing heavy.

A log is a chain of files: `path` is being written, `path.1` is the one before, and so on. Each file of the
`local` driver is a run of frames, the first of which is a HEAD:

    magic u32 | kind u8 | flags u8 | 0 u16 | length u32 | time i64 (ns) | check u32     24 bytes
    payload
    length u32 | ~magic u32                                                              8 bytes

all little endian. A payload is whatever one read(2) of the container's output gave, so a line may span
frames and a frame may hold many lines: nothing is done per line when it is written. The length comes again
at the end, so that a reader can walk backwards, and a frame that was cut short is known as such.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

STDOUT = 1
STDERR = 2
LOST = 3
HEAD = 4

# The payload's first byte belongs to a line that an earlier frame of the same stream began.
CONTINUES = 1
# The payload's last byte is not a line feed.
UNFINISHED = 2

MAX_PAYLOAD = 64 * 1024
MAGIC = 0x4C786F42
MAGIC_BYTES = MAGIC.to_bytes(4, "little")
TAIL_MAGIC = MAGIC ^ 0xFFFFFFFF

_HEADER = struct.Struct("<IBBHIqI")
_TRAILER = struct.Struct("<II")
HEADER_SIZE = _HEADER.size
TRAILER_SIZE = _TRAILER.size
FRAME_OVERHEAD = HEADER_SIZE + TRAILER_SIZE
MAX_FRAME = MAX_PAYLOAD + FRAME_OVERHEAD

_HEAD_PAYLOAD = struct.Struct("<Q")
# stream, errno, bytes
_LOST_PAYLOAD = struct.Struct("<BxHIQ")

pack_header = _HEADER.pack
unpack_header = _HEADER.unpack_from
pack_trailer = _TRAILER.pack
unpack_trailer = _TRAILER.unpack_from


# What the name of a compressed file of a log ends in.
GZIP_SUFFIX = ".gz"


class LogTarget:
    """Where a container's output goes. Plain, since the monitor must not import dataclasses.

    driver: "local", "json-file" or "none". path: the file being written. max_size: bytes a file may have, 0
    for no limit. max_file: how many files are kept, the one being written included. attributes: what `docker
    logs --details` shows. compress: the daemon compresses the files that rotation has left behind.
    """

    __slots__ = ("attributes", "compress", "driver", "max_file", "max_size", "path")

    def __init__(
        self,
        driver: str,
        path: str,
        max_size: int = 0,
        max_file: int = 1,
        compress: bool = False,
        attributes: dict[str, str] | None = None,
    ) -> None:
        self.driver = driver
        self.path = path
        self.max_size = max_size
        self.max_file = max_file
        self.compress = compress
        self.attributes = attributes or {}

    def __repr__(self) -> str:
        return f"LogTarget({', '.join(f'{key}={value!r}' for key, value in self.to_json().items())})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogTarget) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    def to_json(self) -> dict[str, object]:
        """What `from_json` takes."""
        return {key: getattr(self, key) for key in self.__slots__}

    @staticmethod
    def from_json(value: dict[str, object]) -> LogTarget:
        """The target that `to_json` described. TypeError or KeyError when it is not one."""
        return LogTarget(**{key: value[key] for key in LogTarget.__slots__})  # type: ignore[arg-type]


def check_of(kind: int, flags: int, length: int, time_ns: int) -> int:
    """A sum over the header's fields: it tells a header from bytes that look like one."""
    mixed = (kind << 24 | flags << 16) ^ length * 0x9E3779B1 ^ time_ns ^ (time_ns >> 32)
    return mixed & 0xFFFFFFFF


def header(kind: int, flags: int, length: int, time_ns: int) -> bytes:
    """The bytes before a payload of `length` bytes."""
    return pack_header(MAGIC, kind, flags, 0, length, time_ns, check_of(kind, flags, length, time_ns))


def trailer(length: int) -> bytes:
    """The bytes after a payload of `length` bytes."""
    return pack_trailer(length, TAIL_MAGIC)


class Frame:
    """One frame that was read. start and end: byte offsets in the file; what LOST and HEAD hold is parsed below."""

    __slots__ = ("end", "flags", "kind", "payload", "start", "time_ns")

    def __init__(self, kind: int, flags: int, time_ns: int, payload: bytes, start: int, end: int) -> None:
        self.kind = kind
        self.flags = flags
        self.time_ns = time_ns
        self.payload = payload
        self.start = start
        self.end = end


def head_payload(sequence: int) -> bytes:
    """What a HEAD frame says: the file is the `sequence`-th of its log, counted from 1."""
    return _HEAD_PAYLOAD.pack(sequence)


def parse_head(payload: bytes) -> int:
    """The number in a HEAD frame, 0 when it is not one."""
    return int(_HEAD_PAYLOAD.unpack(payload)[0]) if len(payload) == _HEAD_PAYLOAD.size else 0


def lost_payload(stream: int, errno: int, count: int) -> bytes:
    """What a LOST frame says: `count` bytes of `stream` were not written because of `errno` (0: cut by a
    crash).
    """
    return _LOST_PAYLOAD.pack(stream, errno, 0, count)


def parse_lost(payload: bytes) -> tuple[int, int, int]:
    """(stream, errno, count) of a LOST frame; ValueError when it is not one."""
    if len(payload) != _LOST_PAYLOAD.size:
        raise ValueError("not a LOST payload")
    stream, errno, _, count = _LOST_PAYLOAD.unpack(payload)
    return stream, errno, count


# What `length_at` found instead of a frame.
CUT = -1
BROKEN = -2


def length_at(data: bytes, at: int) -> int:
    """The payload's length of the frame at `at`, CUT when data ends before the frame does, BROKEN when there
    is no frame."""
    available = len(data) - at
    if available < HEADER_SIZE:
        return CUT if data[at : at + 4] == MAGIC_BYTES[:available] else BROKEN
    magic, kind, flags, zero, length, time_ns, check = unpack_header(data, at)
    if magic != MAGIC or length > MAX_PAYLOAD or zero or check != check_of(kind, flags, length, time_ns):
        return BROKEN
    if available < length + FRAME_OVERHEAD:
        return CUT
    echo, tail_magic = unpack_trailer(data, at + HEADER_SIZE + length)
    return length if echo == length and tail_magic == TAIL_MAGIC else BROKEN


def frame_at(data: bytes, at: int, base: int) -> Frame | None:
    """The frame at `data[at:]`, None when there is no whole one. base: the file offset of data[0]."""
    length = length_at(data, at)
    if length < 0:
        return None
    _, kind, flags, _, _, time_ns, _ = unpack_header(data, at)
    body = at + HEADER_SIZE
    return Frame(kind, flags, time_ns, data[body : body + length], base + at, base + body + length + TRAILER_SIZE)


def next_frame(data: bytes, at: int) -> int:
    """Where, from `at` on, the next whole frame begins; -1 when there is none."""
    while True:
        at = data.find(MAGIC_BYTES, at)
        if at < 0 or length_at(data, at) >= 0:
            return at
        at += 1


def whole_frames(data: bytes) -> Iterator[tuple[int, int]]:
    """(begin, end) of each whole frame, damage between them passed over."""
    at = 0
    while at < len(data):
        length = length_at(data, at)
        if length < 0:
            at = next_frame(data, at + 1)
            if at < 0:
                return
            continue
        yield at, at + length + FRAME_OVERHEAD
        at += length + FRAME_OVERHEAD
