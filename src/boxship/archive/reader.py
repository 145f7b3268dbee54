"""Reading a tar archive as it streams by: entry after entry, each with its data."""

from __future__ import annotations

from boxship.archive import header
from boxship.archive.entry import ArchiveError, Entry
from boxship.archive.member import member

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK = 1 << 18


class TarReader:
    """Entries of an archive in its order; `read` gives the data of the entry that came last.

    Understands ustar, GNU (long names, base-256 numbers, sparse files), pax with extended attributes, and the
    old format before POSIX. Global pax headers are passed over, as Docker does. ArchiveError when the archive is
    damaged or ends early.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        """`read(n)` gives up to n bytes, b"" only at the end (a binary stream's read)."""
        self._source = read
        self._buffer = b""
        self._position = 0
        self._left = 0
        self._padding = 0

    def __iter__(self) -> Iterator[Entry]:
        while (entry := self._next()) is not None:
            yield entry

    def read(self, limit: int) -> bytes:
        """Up to `limit` bytes of the current entry's stored data; b"" at its end."""
        if self._left == 0:
            return b""
        data = self._some(min(limit, self._left))
        if not data:
            raise early_end()
        self._left -= len(data)
        return data

    def drain(self) -> None:
        """Read what stands behind the archive's end: padding, which belongs to the layer's digest."""
        while self._some(_CHUNK):
            pass

    def _next(self) -> Entry | None:
        self._skip(self._left + self._padding)
        self._left = self._padding = 0
        block = self._exactly(header.BLOCK, may_end=True)
        if not block:
            return None
        asking = member(block)
        try:
            wanted = next(asking)
            while True:
                wanted = asking.send(self._exactly(wanted))
        except StopIteration as done:
            entry: Entry | None = done.value
        if entry is not None:
            self._left = entry.stored
            self._padding = -entry.stored % header.BLOCK
        return entry

    def _some(self, limit: int) -> bytes:
        if self._position >= len(self._buffer):
            self._buffer = self._source(_CHUNK)
            self._position = 0
        start = self._position
        self._position = min(start + limit, len(self._buffer))
        if start == 0 and self._position == len(self._buffer):
            return self._buffer
        return self._buffer[start : self._position]

    def _exactly(self, size: int, may_end: bool = False) -> bytes:
        data = self._some(size)
        if not data and may_end:
            return b""
        while len(data) < size:
            more = self._some(size - len(data))
            if not more:
                raise early_end()
            data += more
        return data

    def _skip(self, size: int) -> None:
        while size:
            data = self._some(size)
            if not data:
                raise early_end()
            size -= len(data)


def early_end() -> ArchiveError:
    """The error for an archive that is cut off."""
    return ArchiveError("unexpected EOF: the archive ends in the middle of an entry")
