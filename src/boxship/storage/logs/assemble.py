"""From frames to lines: joins what frames cut, keeps the lines that were asked for. Pure."""

from __future__ import annotations

import os

from boxship.lib.logframe import CONTINUES, HEAD, LOST, STDERR, STDOUT, UNFINISHED, Frame, parse_head, parse_lost
from boxship.storage.logs.query import LogChunk, LogQuery

# A line that is longer is given in pieces, so that memory stays bounded.
LONGEST_HELD = 1 << 20


class _Begun:
    """The begin of a line. continued: earlier pieces of it have been given."""

    __slots__ = ("continued", "parts", "size", "time_ns")

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0
        self.continued = False
        self.time_ns = 0


class Assembler:
    """Takes frames in order, gives chunks in the order in which lines end. skip: line ends to leave out
    first.

    lost: bytes that the writer could not write. until_passed: a frame is later than the query's end.
    """

    def __init__(self, query: LogQuery, skip: int = 0) -> None:
        self._streams = query.streams()
        self._since = query.since_ns
        self._until = query.until_ns
        self._skip = skip
        self._begun: dict[int, _Begun] = {}
        self._sequence = 0
        self.lost = 0
        self.until_passed = False

    def feed(self, frames: list[Frame]) -> list[LogChunk]:
        """The chunks that these frames complete."""
        out: list[LogChunk] = []
        for frame in frames:
            if frame.kind == HEAD:
                self._head(frame, out)
                continue
            if self._until and frame.time_ns > self._until:
                self.until_passed = True
                break
            if frame.kind == LOST:
                self._lost(frame, out)
            elif frame.kind in self._streams:
                self._output(frame, out)
        return out

    def finish(self) -> list[LogChunk]:
        """The log has ended: the lines that have no line feed."""
        out: list[LogChunk] = []
        if not self.until_passed:
            for stream in (STDOUT, STDERR):
                self._break_off(stream, out)
        return out

    def _output(self, frame: Frame, out: list[LogChunk]) -> None:
        stream, data, flags = frame.kind, frame.payload, frame.flags
        begun = self._begun.get(stream)
        if begun is not None and not flags & CONTINUES:
            self._break_off(stream, out)
            begun = None
        rest = b""
        if flags & UNFINISHED:
            end = data.rfind(b"\n") + 1
            data, rest = data[:end], data[end:]
        if data:
            continued = False
            if begun is not None:
                begun.parts.append(data)
                data = b"".join(begun.parts)
                continued = begun.continued
                del self._begun[stream]
            self._give(out, LogChunk(frame.time_ns, stream, data, continued), data.count(b"\n"))
        if rest:
            self._hold(stream, rest, frame.time_ns, out)

    def _hold(self, stream: int, rest: bytes, time_ns: int, out: list[LogChunk]) -> None:
        begun = self._begun.setdefault(stream, _Begun())
        begun.parts.append(rest)
        begun.size += len(rest)
        begun.time_ns = time_ns
        # Before the tail no piece can be given: whether its line is wanted shows at its end only.
        if begun.size >= LONGEST_HELD and not self._skip:
            chunk = LogChunk(time_ns, stream, b"".join(begun.parts), begun.continued, partial=True)
            self._give(out, chunk, 0)
            begun.parts = []
            begun.size = 0
            begun.continued = True

    def _break_off(self, stream: int, out: list[LogChunk]) -> None:
        """The line that was begun gets no end."""
        begun = self._begun.pop(stream, None)
        if begun is not None:
            data = b"".join(begun.parts)
            self._give(out, LogChunk(begun.time_ns, stream, data, begun.continued, partial=True), 1)

    def _lost(self, frame: Frame, out: list[LogChunk]) -> None:
        try:
            stream, error, count = parse_lost(frame.payload)
        except ValueError:
            return
        self.lost += count
        self._break_off(stream, out)
        reason = os.strerror(error) if error else "the writer was killed"
        self._notice(frame.time_ns, f"boxship: {count} bytes of this log are lost: {reason}", out)

    def _head(self, frame: Frame, out: list[LogChunk]) -> None:
        sequence = parse_head(frame.payload)
        if not sequence:
            return
        missing = sequence - self._sequence - 1
        if self._sequence and missing > 0:
            for stream in self._streams:
                self._break_off(stream, out)
            text = f"boxship: {missing} files of this log were rotated away before they were read"
            self._notice(frame.time_ns, text, out)
        self._sequence = sequence

    def _notice(self, time_ns: int, text: str, out: list[LogChunk]) -> None:
        if STDERR in self._streams:
            self._give(out, LogChunk(time_ns, STDERR, f"{text}\n".encode()), 1)

    def _give(self, out: list[LogChunk], chunk: LogChunk, ends: int) -> None:
        """Add a chunk in which `ends` lines end, unless it is too early or before the tail."""
        if chunk.time_ns < self._since:
            return
        if self._skip:
            if ends <= self._skip:
                self._skip -= ends
                return
            at = 0
            for _ in range(self._skip):
                at = chunk.data.index(b"\n", at) + 1
            self._skip = 0
            chunk = LogChunk(chunk.time_ns, chunk.stream, chunk.data[at:], False, chunk.partial)
        if chunk.data:
            out.append(chunk)
