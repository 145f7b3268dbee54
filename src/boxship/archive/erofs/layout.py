"""Where everything lies in an image: each inode's place, and which blocks of data it has.

Inodes stand in the order of a walk, a folder before its files, so that listing a folder reads few blocks; what a folder
or a link holds stands behind its inode where that fits into the same block, and in blocks of its own otherwise.
"""

from __future__ import annotations

import stat

from boxship.archive.erofs.chunks import Chunks
from boxship.archive.erofs.format import BLOCK, CHUNK, DEVICE, DEVICE_OFFSET, DIRENT, INODE_SIZE, xattr_body
from boxship.archive.erofs.node import Node

_ALIGN = 1 << 5
_DOTS = (b".", b"..")

Names = list[bytes]


class Place:
    """Where one inode's things are.

    xattrs: as they stand behind the inode, may be empty. inline: what it holds stands behind them. block: the first
    block of what it holds, when it has any in the image. length: bytes of a folder's blocks or of a link's target.
    pages: the names in each block of a folder. links: st_nlink.
    """

    __slots__ = ("block", "chunks", "inline", "length", "links", "node", "offset", "pages", "parent", "xattrs")

    def __init__(self, node: Node, parent: Node) -> None:
        self.node = node
        self.parent = parent
        self.xattrs = xattr_body(node.xattrs) if node.xattrs else b""
        self.inline = False
        self.block = 0
        self.length = len(node.target)
        self.links = 1
        self.pages: list[Names] | None = None
        self.chunks: Chunks | None = None
        self.offset = 0


class Layout:
    """The places of a tree's inodes; the nodes' own `place` is the byte at which the inode stands.

    places: in the order of the image; metadata: bytes up to the end of the inodes; blocks: of the whole image.
    """

    def __init__(self, root: Node, devices: int) -> None:
        self.places: list[Place] = []
        self._end = DEVICE_OFFSET + DEVICE.size * devices
        self._place_all(root)
        self.metadata = self._end
        self.blocks = -(-self._end // BLOCK)
        for place in self.places:
            if place.chunks is not None:
                place.block = self._take(place.chunks.copied_blocks)
            elif place.length and not place.inline:
                place.block = self._take(-(-place.length // BLOCK))

    def _take(self, blocks: int) -> int:
        first = self.blocks
        self.blocks += blocks
        return first

    def _place_all(self, root: Node) -> None:
        linked: dict[int, Place] = {}
        todo = [(root, root)]
        while todo:
            folder, parent = todo.pop()
            kids = folder.kids
            assert kids is not None
            own = Place(folder, parent)
            own.pages, own.length = _pages(kids)
            self._put(own)
            links = 2
            for kid in kids.values():
                if kid.kids is not None:
                    links += 1
                    todo.append((kid, folder))
                elif id(kid) in linked:
                    linked[id(kid)].links += 1
                else:
                    place = Place(kid, folder)
                    if kid.parts is not None:
                        place.chunks = Chunks(kid.size, kid.parts)
                    linked[id(kid)] = place
                    self._put(place)
            own.links = links

    def _put(self, place: Place) -> None:
        size = INODE_SIZE + len(place.xattrs)
        start = self._end
        if place.chunks is not None:
            size = -(-size // CHUNK.size) * CHUNK.size + CHUNK.size * place.chunks.count
        elif place.length and size + place.length <= BLOCK:
            # Inode, attributes and content have to lie in one block.
            place.inline = True
            size += place.length
            if start % BLOCK + size > BLOCK:
                start = -(-start // BLOCK) * BLOCK
        place.offset = place.node.place = start
        self._end = -(-(start + size) // _ALIGN) * _ALIGN
        self.places.append(place)


def _pages(kids: dict[bytes, Node]) -> tuple[list[Names], int]:
    """A folder's names, in the order of their bytes and `.` and `..` among them, block by block; its length."""
    pages: list[Names] = []
    page: Names = []
    used = 0
    for name in sorted([*kids, *_DOTS]):
        size = DIRENT.size + len(name)
        if used + size > BLOCK:
            pages.append(page)
            page = []
            used = 0
        page.append(name)
        used += size
    pages.append(page)
    return pages, (len(pages) - 1) * BLOCK + used


def is_file(node: Node) -> bool:
    """Whether a node's data lies in a tar."""
    return stat.S_ISREG(node.mode)
