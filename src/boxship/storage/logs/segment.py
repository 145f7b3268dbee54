"""The files of a log, held open from the oldest to the newest."""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Iterable

from boxship.lib.logframe import LogTarget

# More than anybody keeps; bounds the search for files after a hole.
_HOLE = 3


class Segment:
    """One open file of a log. It stays readable when rotation renames or removes it, until it is closed."""

    __slots__ = ("_end", "_fd", "identity")

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        status = os.fstat(self._fd)
        self.identity = (status.st_dev, status.st_ino)
        self._end = -1

    def freeze(self) -> None:
        """Behave from now on as if the file would not grow."""
        self._end = self.size()

    def size(self) -> int:
        """Bytes in the file now."""
        return os.fstat(self._fd).st_size if self._end < 0 else self._end

    def read(self, count: int, at: int) -> bytes:
        """Up to `count` bytes from offset `at` (pread(2)); fewer at the end."""
        if self._end >= 0:
            count = max(min(count, self._end - at), 0)
        return os.pread(self._fd, count, at)

    def close(self) -> None:
        """Give the file up; harmless when repeated."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def open_segments(target: LogTarget, stop_at: tuple[int, int] | None = None) -> tuple[deque[Segment], bool]:
    """Open a log's files, oldest first. With stop_at only those newer than that file, and whether it was met.

    From the newest name to the oldest: a rotation meanwhile moves files to names that are still to come, so
    none is missed; one that is met twice is known by its inode. A file that a crash left out of the chain is
    passed over.
    """
    found: deque[Segment] = deque()
    seen: set[tuple[int, int]] = set()
    holes = 0
    number = 0
    while holes < max(_HOLE, target.max_file):
        path = f"{target.path}.{number}" if number else target.path
        number += 1
        try:
            segment = Segment(path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ELOOP):
                close_all(found)
                raise
            holes += 1
            continue
        if segment.identity == stop_at:
            segment.close()
            return found, True
        if segment.identity in seen:
            segment.close()
            continue
        seen.add(segment.identity)
        found.appendleft(segment)
    return found, False


def close_all(segments: Iterable[Segment]) -> None:
    """Close each of them."""
    for segment in segments:
        segment.close()
