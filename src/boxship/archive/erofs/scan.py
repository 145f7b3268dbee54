"""Scanning a layer's tar: as it streams by, or in a file whose data need not be read."""

from __future__ import annotations

import os

from boxship.archive import header
from boxship.archive.entry import ArchiveError, Entry
from boxship.archive.erofs.node import Node, counted_size
from boxship.archive.erofs.store import RECORD, Indexed, write_layer
from boxship.archive.erofs.tree import LayerTree
from boxship.archive.member import member
from boxship.archive.reader import early_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxship.archive.sparse import Asking


# With the headers of an entry come, often, the data of a small file and the next headers.
_WINDOW = 4096


class LayerScanner:
    """Is fed the bytes of an uncompressed tar in order, in pieces of any size, and has the layer's tree at the end.

    Holds no more of the tar than one entry's headers (`archive/member.py` says how long they may be); the tree is
    bounded by `tree.py`'s limits. ArchiveError as soon as the archive is seen to be damaged or hostile.
    """

    def __init__(self) -> None:
        self.wanted = header.BLOCK
        """How many bytes of headers it needs next, 0 once the archive has ended."""
        self.skip = 0
        """How many bytes of data come before them, which may be passed over by `pass_over`."""
        self._tree = LayerTree()
        self._position = 0
        self._asking: Asking[Entry | None] | None = None
        self._held = b""
        self._fault: ArchiveError | None = None

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes of the tar."""
        view = memoryview(data)
        size = len(view)
        start = 0
        while start < size and self.wanted:
            if self.skip:
                step = min(self.skip, size - start)
                self.pass_over(step)
                start += step
                continue
            step = min(self.wanted - len(self._held), size - start)
            piece = bytes(view[start : start + step])
            start += step
            self._position += step
            if self._held:
                piece = self._held + piece
            if len(piece) < self.wanted:
                self._held = piece
            else:
                self._held = b""
                self._take(piece)

    def pass_over(self, size: int) -> None:
        """Move on over `size` bytes, at most `skip`, that are known to be in the tar."""
        self.skip -= size
        self._position += size

    def finish(self, out: str) -> Indexed:
        """The tar has ended: write the layer's index file. OSError; ArchiveError when the tar is cut off, or once more
        the one that `feed` raised."""
        if self._fault is not None:
            raise self._fault
        if self.wanted and (self._asking is not None or self._held or self.skip):
            raise early_end()
        return write_layer(self.root, counted_size(self.root), self._tree.entries, out)

    @property
    def root(self) -> Node:
        """The tree so far."""
        return self._tree.root

    @property
    def takes(self) -> tuple[int, int]:
        """How many inodes the tree has had so far, and about how many bytes its index file will have."""
        return self._tree.inodes, self._tree.bytes + RECORD * self._tree.inodes

    def _take(self, piece: bytes) -> None:
        try:
            if self._asking is None:
                self._asking = member(piece)
                self.wanted = next(self._asking)
            else:
                self.wanted = self._asking.send(piece)
            return
        except StopIteration as done:
            self._asking = None
            entry: Entry | None = done.value
        except ArchiveError as error:
            self._fail(error)
            raise
        if entry is None:
            self.wanted = 0
            return
        self.wanted = header.BLOCK
        try:
            self._tree.add(entry, self._position)
        except ArchiveError as error:
            self._fail(error)
            raise
        self.skip = entry.stored + -entry.stored % header.BLOCK

    def _fail(self, error: ArchiveError) -> None:
        # Whoever feeds on must not get a part of the tree for the whole.
        self._fault = error
        self.wanted = self.skip = 0


def scan_file(tar: str | int) -> LayerScanner:
    """A scanner that has seen the whole uncompressed tar, a path or a descriptor; the data of files is not read.

    ArchiveError, OSError.
    """
    scanner = LayerScanner()
    fd = os.open(tar, os.O_RDONLY | os.O_CLOEXEC) if isinstance(tar, str) else tar
    try:
        size = os.fstat(fd).st_size
        position = 0
        while scanner.wanted:
            if scanner.skip:
                position += scanner.skip
                if position > size:
                    raise early_end()
                scanner.pass_over(scanner.skip)
            piece = os.pread(fd, max(scanner.wanted, _WINDOW), position)
            if not piece:
                break
            position += len(piece)
            scanner.feed(piece)
    finally:
        if isinstance(tar, str):
            os.close(fd)
    return scanner


def index_layer(tar: str | int, out: str) -> Indexed:
    """Write the index file `out` of an uncompressed tar, a path or a descriptor.

    The file is neither synced nor removed on errors: that is the caller's, who gives it its name when it is whole.
    ArchiveError when the archive is damaged or hostile, OSError.
    """
    return scan_file(tar).finish(out)
