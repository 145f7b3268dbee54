"""What every log driver offers to the monitor."""

from __future__ import annotations

import os
import time

from boxship.lib.logframe import STDERR, STDOUT


def lost_text(count: int, errno: int) -> str:
    """The line that stands in a log for what could not be written."""
    reason = os.strerror(errno) if errno else "the writer was killed"
    return f"boxship: {count} bytes of this log are lost: {reason}\n"


class LogWriter:
    """Takes a container's output. `write` never raises and never waits for a reader.

    lost: how many bytes could not be written since the log was opened.
    """

    lost = 0

    def write(self, stream: int, data: bytes) -> None:
        """Append what one read of stdout (1) or stderr (2) gave."""

    def close(self) -> None:
        """The container has ended: write what is held back, give the file up."""


class NoLog(LogWriter):
    """The driver `none`: forgets what it is given."""


class Losses:
    """Counts, for each stream, the bytes that could not be written and have not been reported yet."""

    __slots__ = ("_count", "_errno", "since_ns")

    def __init__(self) -> None:
        self._count = {STDOUT: 0, STDERR: 0}
        self._errno = 0
        self.since_ns = 0

    def __bool__(self) -> bool:
        return self.since_ns != 0

    def add(self, stream: int, count: int, errno: int) -> None:
        """`count` more bytes of `stream` went, because of `errno` (0: an earlier writer was killed)."""
        if not self.since_ns:
            self.since_ns = time.time_ns()
        self._errno = errno
        self._count[stream] += count

    def pending(self) -> list[tuple[int, int, int]]:
        """(stream, errno, bytes) of what is to be reported."""
        return [(stream, self._errno, count) for stream, count in self._count.items() if count]

    def clear(self) -> None:
        """All of them stand in the log now."""
        self._count = dict.fromkeys(self._count, 0)
        self.since_ns = 0
