"""The files of a log, held open from the oldest to the newest."""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Iterable

from boxship.lib.logframe import GZIP_SUFFIX, LogTarget
from boxship.storage.logs.gzipped import identity_of, inflate, plain_identity

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
# More than anybody keeps; bounds the search for files after a hole.
_HOLE = 3


class Segment:
    """One open file of a log. It stays readable when rotation renames or removes it, until it is closed."""

    __slots__ = ("_compressed", "_end", "_fd", "_former")

    def __init__(self, path: str) -> None:
        self._compressed = False
        # Of a compressed file: what the plain one was.
        self._former: tuple[int, int, int] | None = None
        self._end = -1
        try:
            self._fd = os.open(path, _FLAGS)
        except FileNotFoundError:
            # The plain file goes only after the compressed one is there.
            self._fd = os.open(path + GZIP_SUFFIX, _FLAGS)
            self._compressed = True
            self._former = identity_of(self._fd)

    def is_same(self, other: Segment) -> bool:
        """Are both the same file of the log, one of them compressed meanwhile perhaps?"""
        mine = self._former or plain_identity(self._fd)
        theirs = other._former or plain_identity(other._fd)
        if self._former is None and other._former is None:
            # Both are open: an inode is used once.
            return mine[:2] == theirs[:2]
        return mine == theirs

    def freeze(self) -> None:
        """Behave from now on as if the file would not grow."""
        self._end = self.size()

    def size(self) -> int:
        """Bytes in the file now."""
        return os.fstat(self._plain()).st_size if self._end < 0 else self._end

    def read(self, count: int, at: int) -> bytes:
        """Up to `count` bytes from offset `at` (pread(2)); fewer at the end."""
        if self._end >= 0:
            count = max(min(count, self._end - at), 0)
        return os.pread(self._plain(), count, at)

    def _plain(self) -> int:
        """The descriptor to read from. A compressed file takes memory only once it is read."""
        if self._compressed:
            plain = inflate(self._fd)
            os.close(self._fd)
            self._fd = plain
            self._compressed = False
        return self._fd

    def close(self) -> None:
        """Give the file up; harmless when repeated."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def open_segments(target: LogTarget, newer_than: Segment | None = None) -> deque[Segment]:
    """Open a log's files, oldest first; with newer_than those that came after that one.

    From the newest name to the oldest: a rotation meanwhile moves files to names that are still to come, so none
    is missed, and one that is met twice is known. A name that a crash left unused is passed over. OSError.
    """
    found: deque[Segment] = deque()
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
        if newer_than is not None and segment.is_same(newer_than):
            segment.close()
            return found
        if any(segment.is_same(other) for other in found):
            segment.close()
            continue
        found.appendleft(segment)
    return found


def close_all(segments: Iterable[Segment]) -> None:
    """Close each of them."""
    for segment in segments:
        segment.close()
