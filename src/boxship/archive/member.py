"""One member of a tar archive, put together from its header blocks by whoever has the bytes.

No input or output here: `member` asks for bytes, a reader that pulls (`reader.py`) or one that is fed
(`erofs/scan.py`) has them.
"""

from __future__ import annotations

from boxship.archive import header, sparse
from boxship.archive.entry import ArchiveError, Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxship.archive.sparse import Asking

# Long names and pax headers come whole into memory; Go's reader, and so Docker, has the same limit.
_LONGEST_EXTRA = 1 << 20
# Before one entry stand a pax header, a long name and a long link at most; a chain of them only costs time.
_MOST_EXTRAS = 64
_EXTRAS = (header.PAX, header.PAX_GLOBAL, header.LONG_NAME, header.LONG_LINK)


def member(block: bytes) -> Asking[Entry | None]:
    """The member that begins with this header block; None for the archive's end, a block of zeros.

    Yields how many bytes it needs next and is sent exactly as many; what follows then is the member's stored data.
    ArchiveError when the headers are damaged.
    """
    path = link = None
    records: list[tuple[bytes, bytes]] = []
    extras = 0
    while True:
        if not block.strip(b"\0"):
            return None
        flag = block[156]
        if flag not in _EXTRAS:
            break
        size = header.size_of(block)
        extras += 1
        if not 0 <= size <= _LONGEST_EXTRA or extras > _MOST_EXTRAS:
            raise ArchiveError(f"invalid tar header: an extended header of {size} bytes is too long")
        data = (yield size + -size % header.BLOCK)[:size] if size else b""
        if flag == header.PAX:
            records = header.pax_records(data)
        elif flag == header.LONG_NAME:
            path = header.text(data)
        elif flag == header.LONG_LINK:
            link = header.text(data)
        block = yield header.BLOCK
    flag, entry = header.parse(block)
    if path is not None:
        entry.path = path
    if link is not None:
        entry.link = link
    if records:
        header.apply_pax(entry, records)
    header.settle(entry)
    if flag == header.GNU_SPARSE:
        yield from sparse.read_old_map(entry, block)
    elif records:
        yield from sparse.read_pax_map(entry, records)
    return entry
