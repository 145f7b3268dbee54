"""The driver `local`: one frame a read, one writev(2) a frame, nothing done per line."""

from __future__ import annotations

import os
import time

from boxship.lib.logframe import (
    CONTINUES,
    FRAME_OVERHEAD,
    HEAD,
    LOST,
    MAX_PAYLOAD,
    STDERR,
    STDOUT,
    TRAILER_SIZE,
    UNFINISHED,
    LogTarget,
    frame_at,
    head_payload,
    header,
    length_at,
    lost_payload,
    next_frame,
    parse_head,
    trailer,
    unpack_trailer,
    whole_frames,
)
from boxship.shim.logs.rotating import RotatingFile
from boxship.shim.logs.writer import LogWriter, Losses

_LINE_FEED = 10
_SMALLEST_PIECE = 4096
_BLOCK = 1 << 20


class LocalLog(LogWriter):
    """Writes frames (see lib/logframe.py)."""

    def __init__(self, target: LogTarget) -> None:
        """OSError when the file can't be opened."""
        self._target = target
        self._losses = Losses()
        self._middle = {STDOUT: 0, STDERR: 0}
        self._sequence = 0
        self._piece = MAX_PAYLOAD
        if target.max_size:
            # A small limit is kept by small frames.
            self._piece = min(MAX_PAYLOAD, max(_SMALLEST_PIECE, target.max_size // 2))
        self._file = RotatingFile(target.path, target.max_size, target.max_file)
        if self._file.size:
            self._resume()
        else:
            older = _newest_sequence(target.path, target.max_file) if self._file.has_older else 0
            self._sequence = older + 1
            self._begin()

    def write(self, stream: int, data: bytes) -> None:
        """Append `data` as frames of at most 64 KiB; what can't be written is counted and reported later."""
        if len(data) > self._piece:
            for begin in range(0, len(data), self._piece):
                self._frame(stream, data[begin : begin + self._piece])
        elif data:
            self._frame(stream, data)

    def _frame(self, stream: int, data: bytes) -> None:
        now = time.time_ns()
        length = len(data)
        flags = self._middle[stream]
        if data[-1] == _LINE_FEED:
            self._middle[stream] = 0
        else:
            self._middle[stream] = CONTINUES
            flags |= UNFINISHED
        parts: tuple[bytes, ...] = (header(stream, flags, length, now), data, trailer(length))
        if self._losses:
            # Together with what comes after them: a disk with a little room left is not filled with reports.
            parts = (*self._loss_frames(), *parts)
        error = self._append(parts, sum(map(len, parts)))
        if error:
            self.lost += length
            self._losses.add(stream, length, error)
        elif self._losses:
            self._losses.clear()

    def _append(self, parts: tuple[bytes, ...], size: int) -> int:
        """Whole frames into the current file, or a new one where they don't fit; the errno of a failure."""
        file = self._file
        if file.max_size and file.size and file.size + size > file.max_size and file.rotate():
            self._sequence += 1
            self._begin()
        elif not file.size:
            self._begin()
        return file.append(parts, size)

    def _begin(self) -> None:
        """The first frame of a file: its place in the chain, so that a reader sees when one is missing."""
        payload = head_payload(self._sequence)
        frame = (header(HEAD, 0, len(payload), time.time_ns()), payload, trailer(len(payload)))
        # Failing is no loss: the next append tries again, since the file is still empty.
        self._file.append(frame, len(payload) + FRAME_OVERHEAD)

    def _loss_frames(self) -> tuple[bytes, ...]:
        frames: list[bytes] = []
        for stream, error, count in self._losses.pending():
            payload = lost_payload(stream, error, count)
            frames += (header(LOST, 0, len(payload), self._losses.since_ns), payload, trailer(len(payload)))
        return tuple(frames)

    def _report_losses(self) -> None:
        frames = self._loss_frames()
        if not self._append(frames, sum(map(len, frames))):
            self._losses.clear()

    def _resume(self) -> None:
        """Go on with the file of an earlier run, its torn tail cut off and counted."""
        fd = os.open(self._target.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = self._file.size
            before = _newest_sequence(self._target.path, self._target.max_file)
            self._sequence = _sequence_of(fd) or before + 1
            end = _end_of_frames(fd, size)
        finally:
            os.close(fd)
        if end < size:
            self._file.truncate(end)
            self._losses.add(STDOUT, size - end, 0)
            self._report_losses()

    def close(self) -> None:
        """Report what was lost, if the disk takes it now."""
        if self._losses:
            self._report_losses()
        self._file.close()


def _end_of_frames(fd: int, size: int) -> int:
    """Where the last whole frame ends. Looks at that frame only, unless it is damaged."""
    if size >= FRAME_OVERHEAD:
        length, _ = unpack_trailer(os.pread(fd, TRAILER_SIZE, size - TRAILER_SIZE))
        begin = size - length - FRAME_OVERHEAD
        last = os.pread(fd, length + FRAME_OVERHEAD, begin) if length <= MAX_PAYLOAD and begin >= 0 else b""
        if length_at(last, 0) == length:
            return size
    end = 0
    at = 0
    while at < size:
        data = os.pread(fd, _BLOCK, at)
        consumed = 0
        for _, stop in whole_frames(data):
            consumed = stop
        if consumed:
            end = at + consumed
            at = end
            continue
        # Nothing whole in a block far longer than a frame: damage. The overlap keeps a frame across its end.
        at += max(len(data) - MAX_PAYLOAD - FRAME_OVERHEAD, 1) if len(data) == _BLOCK else len(data)
    return end


def _sequence_of(fd: int) -> int:
    """The number in a file's HEAD frame, 0 when there is none."""
    data = os.pread(fd, MAX_PAYLOAD, 0)
    frame = frame_at(data, 0, 0)
    if frame is None and (at := next_frame(data, 0)) >= 0:
        frame = frame_at(data, at, 0)
    return parse_head(frame.payload) if frame is not None and frame.kind == HEAD else 0


def _newest_sequence(path: str, max_file: int) -> int:
    for number in range(1, max_file):
        try:
            fd = os.open(f"{path}.{number}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            return _sequence_of(fd)
        finally:
            os.close(fd)
    return 0
