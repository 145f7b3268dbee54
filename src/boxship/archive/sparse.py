"""Files with holes as GNU tar writes them: the old header, and the three pax forms.

Source: GNU tar manual, "Storing Sparse Files".
"""

from __future__ import annotations

from boxship.archive import header
from boxship.archive.entry import ArchiveError, Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TypeAlias, TypeVar

    Result = TypeVar("Result")
    Asking: TypeAlias = Generator[int, bytes, Result]
    """Yields how many bytes it needs, is sent as many, and returns the result."""

Parts = list[tuple[int, int]]

# Nobody writes a file of four million holes; a map that long only fills the memory.
_MOST_PARTS = 1 << 22


def read_old_map(entry: Entry, block: bytes) -> Asking[None]:
    """Give `entry` the map of its header block, of type S; asks for the blocks that continue it."""
    try:
        size = header.number(block[483:495])
        parts = _pairs(block[386:482])
        more = block[482]
        while more:
            block = yield header.BLOCK
            parts += _pairs(block[:504])
            more = block[504]
            if len(parts) > _MOST_PARTS:
                raise ValueError("too many parts")
        _use(entry, parts, size)
    except ValueError as error:
        raise _broken(entry) from error


def read_pax_map(entry: Entry, records: list[tuple[bytes, bytes]]) -> Asking[None]:
    """Give `entry` the map of its pax header, or the one before its data (form 1.0); nothing without a map."""
    values = dict(records)
    try:
        if values.get(b"GNU.sparse.major") == b"1":
            parts = yield from _map_before_data(entry)
            size = int(values[b"GNU.sparse.realsize"])
        elif b"GNU.sparse.map" in values:
            numbers = [int(text) for text in values[b"GNU.sparse.map"].split(b",") if text]
            parts = list(zip(numbers[::2], numbers[1::2], strict=True))
            size = int(values[b"GNU.sparse.size"])
        elif b"GNU.sparse.size" in values:
            offsets = [int(value) for key, value in records if key == b"GNU.sparse.offset"]
            lengths = [int(value) for key, value in records if key == b"GNU.sparse.numbytes"]
            parts = list(zip(offsets, lengths, strict=True))
            size = int(values[b"GNU.sparse.size"])
        else:
            return
        entry.path = values.get(b"GNU.sparse.name", entry.path)
        _use(entry, parts, size)
    except (ValueError, KeyError) as error:
        raise _broken(entry) from error


def _pairs(area: bytes) -> Parts:
    parts: Parts = []
    for start in range(0, len(area) - 23, 24):
        if area[start] == 0:
            break
        parts.append((header.number(area[start : start + 12]), header.number(area[start + 12 : start + 24])))
    return parts


def _map_before_data(entry: Entry) -> Asking[Parts]:
    # Decimal numbers, a line each: how many parts, then offset and length of each; padded to whole blocks.
    numbers: list[int] = []
    rest = b""
    wanted = 1
    while len(numbers) < wanted:
        if entry.stored < header.BLOCK:
            raise ValueError("the map is longer than the data")
        entry.stored -= header.BLOCK
        lines = (rest + (yield header.BLOCK)).split(b"\n")
        rest = lines.pop()
        numbers += [int(line) for line in lines]
        if numbers:
            wanted = 1 + 2 * numbers[0]
            if not 0 <= numbers[0] <= _MOST_PARTS:
                raise ValueError("too many parts")
        if len(numbers) < wanted and len(rest) > 20:
            raise ValueError("no number")
    return list(zip(numbers[1:wanted:2], numbers[2:wanted:2], strict=True))


def _use(entry: Entry, parts: Parts, size: int) -> None:
    position = 0
    for offset, length in parts:
        if offset < position or length < 0:
            raise ValueError("the parts are not in order")
        position = offset + length
    if position > size or size > header.HIGHEST_SIZE or sum(length for _, length in parts) != entry.stored:
        raise ValueError("the parts do not fit the file")
    entry.size = size
    entry.sparse = parts


def _broken(entry: Entry) -> ArchiveError:
    return ArchiveError(f"invalid tar header: the map of the sparse file {entry.shown} is damaged")
