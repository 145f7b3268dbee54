"""Reading the files of the driver `json-file`, also those that Docker wrote."""

from __future__ import annotations

import calendar
import functools
import time
from collections.abc import Iterator

import msgspec

from boxship.lib.logframe import CONTINUES, STDERR, STDOUT, UNFINISHED, Frame
from boxship.storage.logs.segment import Segment

_BLOCK = 256 * 1024

# The format does not say whether a record continues a line: one does when the record before it has no line
# feed.
KNOWS_CONTINUATION = False


class _Record(msgspec.Struct):
    log: str = ""
    stream: str = "stdout"
    time: str = ""


_decoder = msgspec.json.Decoder(_Record)


def forward(segment: Segment, at: int, *, final: bool) -> tuple[list[Frame], int, int]:
    """(frames, where to go on, bytes passed over as damaged) of one block from offset `at`; see
    framed.forward.
    """
    size = _BLOCK
    while True:
        data = segment.read(size, at)
        end = data.rfind(b"\n") + 1
        if end or len(data) < size:
            break
        size *= 2
    frames, skipped = _frames(data[:end], at)
    if final and len(data) < size and end < len(data):
        # A record that lost its line feed.
        skipped += len(data) - end
        end = len(data)
    return frames, at + end, skipped


def backward(segment: Segment) -> Iterator[Frame]:
    """The frames from the last to the first. A record without its line feed at the end is passed over."""
    end = segment.size()
    size = _BLOCK
    while end > 0:
        base = max(end - size, 0)
        data = segment.read(end - base, base)
        begin = data.find(b"\n") + 1 if base else 0
        last = data.rfind(b"\n") + 1
        if base and begin == last:
            # No whole record in this block.
            size *= 2
            continue
        size = _BLOCK
        frames, _ = _frames(data[begin:last], base + begin)
        yield from reversed(frames)
        end = base + begin


def _frames(data: bytes, at: int) -> tuple[list[Frame], int]:
    """One frame for each run of records with the same stream and time."""
    frames: list[Frame] = []
    texts: list[str] = []
    skipped = 0
    stream = moment = ""
    begin = position = at

    def close_run() -> None:
        if texts:
            payload = "".join(texts).encode(errors="replace")
            flags = CONTINUES if payload.endswith(b"\n") else CONTINUES | UNFINISHED
            kind = STDERR if stream == "stderr" else STDOUT
            frames.append(Frame(kind, flags, nanoseconds(moment), payload, begin, position))
            texts.clear()

    for line in data.splitlines(keepends=True):
        try:
            record = _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            skipped += len(line)
            position += len(line)
            continue
        if record.time != moment or record.stream != stream:
            close_run()
            stream, moment, begin = record.stream, record.time, position
        texts.append(record.log)
        position += len(line)
    close_run()
    return frames, skipped


def nanoseconds(text: str) -> int:
    """The time of an RFC 3339 text in UTC, in nanoseconds since the epoch; 0 when it is none."""
    fraction = text[20:].rstrip("Z") if text[19:20] == "." else ""
    return _seconds(text[:19]) * 1_000_000_000 + (int(f"{fraction:0<9}"[:9]) if fraction.isdigit() else 0)


@functools.lru_cache(maxsize=256)
def _seconds(text: str) -> int:
    try:
        return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return 0
