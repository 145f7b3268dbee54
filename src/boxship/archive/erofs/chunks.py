"""Files with holes as chunks of one size (chunk-based inodes): some lie in the tar, some are holes, some are copied.

A chunk that has only data, at a place in the tar that is a multiple of 512 bytes, is left where it is. Where a map's
borders are odd, or so many that the chunks would be too many, those with data and holes, or with data at an odd place,
are put together in the image itself.
"""

from __future__ import annotations

from boxship.archive.erofs.format import BLOCK, BLOCK_BITS

Part = tuple[int, int]

# 8 bytes each: a map of 2 MiB at most
MOST_CHUNKS = 1 << 18
# i_u.c.format has five bits for it, above the block's
_MOST_BITS = BLOCK_BITS + 31
_COPIED_BITS = 12


class Chunks:
    """A file's map. bits: a chunk has 2^bits bytes; count: how many chunks the file has.

    in_tar: number of a chunk and where its data begins, in bytes from the beginning of the file's stored data; copied:
    number of a chunk and what it is put together of, as (offset in the chunk, offset in the stored data, length).
    All others are holes.
    """

    __slots__ = ("bits", "copied", "count", "in_tar", "size")

    def __init__(self, size: int, parts: list[Part]) -> None:
        """parts: (offset, length) in order and without overlap, their data stored one after the other."""
        self.size = size
        pieces = _joined(parts)
        self.bits = _bits(size, pieces)
        self.count = -(-size >> self.bits)
        self.in_tar: list[tuple[int, int]] = []
        self.copied: dict[int, list[tuple[int, int, int]]] = {}
        for offset, length, stored in pieces:
            self._add(offset, length, stored)

    @property
    def copied_blocks(self) -> int:
        """How many blocks of the image the copied chunks take, in the order of their numbers."""
        return sum(self.blocks(number) for number in self.copied)

    def blocks(self, number: int) -> int:
        """How many blocks a chunk has: the last one ends with the file."""
        length = min(1 << self.bits, self.size - (number << self.bits))
        return -(-length // BLOCK)

    def _add(self, offset: int, length: int, stored: int) -> None:
        chunk = 1 << self.bits
        end = offset + length
        while offset < end:
            number = offset >> self.bits
            start = number << self.bits
            stop = min(start + chunk, end)
            step = stop - offset
            if offset == start and (step == chunk or stop == self.size) and stored % BLOCK == 0:
                self.in_tar.append((number, stored))
            else:
                self.copied.setdefault(number, []).append((offset - start, stored, step))
            offset += step
            stored += step


def _joined(parts: list[Part]) -> list[tuple[int, int, int]]:
    """The parts that have data, those that touch made one, each with where its data is stored."""
    joined: list[tuple[int, int, int]] = []
    stored = 0
    for offset, length in parts:
        if not length:
            continue
        if joined and sum(joined[-1][:2]) == offset:
            before = joined.pop()
            joined.append((before[0], before[1] + length, before[2]))
        else:
            joined.append((offset, length, stored))
        stored += length
    return joined


def _bits(size: int, pieces: list[tuple[int, int, int]]) -> int:
    borders = 0
    for offset, length, _ in pieces:
        borders |= offset
        if offset + length != size:
            borders |= offset + length
    fitting = min((borders & -borders).bit_length() - 1, _MOST_BITS) if borders else _MOST_BITS
    bits = fitting if fitting >= BLOCK_BITS else _COPIED_BITS
    while -(-size >> bits) > MOST_CHUNKS:
        bits += 1
    return bits
