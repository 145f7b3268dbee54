"""Reading a tar archive as it streams by: entry after entry, each with its data."""

from __future__ import annotations

from boxship.archive import header, sparse
from boxship.archive.entry import ArchiveError, Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Long names and pax headers come whole into memory; Go's reader, and so Docker, has the same limit.
_LONGEST_EXTRA = 1 << 20
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
            raise _early_end()
        self._left -= len(data)
        return data

    def drain(self) -> None:
        """Read what stands behind the archive's end: padding, which belongs to the layer's digest."""
        while self._some(_CHUNK):
            pass

    def _next(self) -> Entry | None:
        self._skip(self._left + self._padding)
        self._left = self._padding = 0
        path = link = None
        records: list[tuple[bytes, bytes]] = []
        while True:
            block = self._exactly(header.BLOCK, may_end=path is None and link is None and not records)
            if not block.strip(b"\0"):
                return None
            flag, entry = header.parse(block)
            if flag in (header.PAX, header.PAX_GLOBAL, header.LONG_NAME, header.LONG_LINK):
                data = self._extra(entry)
                if flag == header.PAX:
                    records = header.pax_records(data)
                elif flag == header.LONG_NAME:
                    path = header.text(data)
                elif flag == header.LONG_LINK:
                    link = header.text(data)
                continue
            entry.path = path if path is not None else entry.path
            entry.link = link if link is not None else entry.link
            header.apply_pax(entry, records)
            header.settle(entry)
            self._padding = -entry.stored % header.BLOCK
            if flag == header.GNU_SPARSE:
                sparse.read_old_map(entry, block, self._exactly)
            elif records:
                sparse.read_pax_map(entry, records, self._exactly)
            self._left = entry.stored
            return entry

    def _extra(self, entry: Entry) -> bytes:
        if not 0 <= entry.size <= _LONGEST_EXTRA:
            raise ArchiveError(f"invalid tar header: an extended header of {entry.size} bytes is too long")
        data = self._exactly(entry.size)
        self._skip(-entry.size % header.BLOCK)
        return data

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
                raise _early_end()
            data += more
        return data

    def _skip(self, size: int) -> None:
        while size:
            data = self._some(size)
            if not data:
                raise _early_end()
            size -= len(data)


def _early_end() -> ArchiveError:
    return ArchiveError("unexpected EOF: the archive ends in the middle of an entry")
