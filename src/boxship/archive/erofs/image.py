"""Writing an EROFS image of a tree whose files lie in tars."""

from __future__ import annotations

import os
import stat

from boxship.archive.entry import ArchiveError
from boxship.archive.erofs import format as erofs
from boxship.archive.erofs.format import BLOCK
from boxship.archive.erofs.layout import Layout, Place
from boxship.archive.erofs.node import Node

_BILLION = 1_000_000_000
# Block numbers have 32 bits, and one stands for a hole.
_MOST_BLOCKS = 0xFFFF_FFFE
_COPY = 1 << 20


def write_image(root: Node, tars: list[str], out: str) -> None:
    """Write the image `out` of a tree; a file's data lies in the tar that its node's `layer` is the number of.

    tars: paths of the uncompressed tars, which are the image's devices in that order. The file is neither synced nor
    removed on errors. ArchiveError when it would need more than 2 TiB, OSError.
    """
    layout = Layout(root, len(tars))
    bases: list[int] = []
    end = layout.blocks
    sizes = [-(-os.stat(tar).st_size // BLOCK) for tar in tars]
    for size in sizes:
        bases.append(end)
        end += size
    if end > _MOST_BLOCKS:
        raise ArchiveError(f"the layers together have {end * BLOCK >> 40} TiB: an image can have 2")
    with open(out, "w+b", buffering=0) as file:
        _write(file.fileno(), memoryview(_metadata(layout, root, sizes, bases)), 0)
        _write_blocks(file.fileno(), layout)
        _copy_chunks(file.fileno(), layout, tars)
        file.truncate(layout.blocks * BLOCK)


def _metadata(layout: Layout, root: Node, sizes: list[int], bases: list[int]) -> bytearray:
    image = bytearray(-(-layout.metadata // BLOCK) * BLOCK)
    incompatible = (erofs.INCOMPAT_DEVICE_TABLE if sizes else 0) | erofs.INCOMPAT_CHUNKED_FILE
    erofs.SUPER.pack_into(
        *(image, erofs.SUPER_OFFSET, erofs.MAGIC, 0, erofs.COMPAT_MTIME, erofs.BLOCK_BITS, 0),
        *(root.place >> erofs.NID_BITS, len(layout.places), 0, 0, layout.blocks, 0, 0, b"", b"", incompatible, 0),
        *(len(sizes), erofs.DEVICE_OFFSET // erofs.DEVICE.size, 0, 0, 0, 0),
    )
    for number, (size, base) in enumerate(zip(sizes, bases, strict=True)):
        erofs.DEVICE.pack_into(image, erofs.DEVICE_OFFSET + erofs.DEVICE.size * number, b"", size, base)
    pack_into, inode_size = erofs.INODE.pack_into, erofs.INODE_SIZE
    for number, place in enumerate(layout.places, 1):
        node = place.node
        form = erofs.EXTENDED
        size = node.size
        where = 0
        if place.chunks is not None:
            form |= erofs.CHUNK_BASED
            where = erofs.CHUNK_INDEXES | place.chunks.bits - erofs.BLOCK_BITS
        elif place.length:
            size = place.length
            if place.inline:
                form |= erofs.FLAT_INLINE
            else:
                where = place.block
        elif size:
            where = bases[node.layer] + node.data // BLOCK
        else:
            where = 0 if stat.S_ISREG(node.mode) else node.data
        xattrs = place.xattrs
        seconds, ns = divmod(node.mtime_ns, _BILLION)
        count = (len(xattrs) - erofs.XATTR_HEADER) // 4 + 1 if xattrs else 0
        at = place.offset
        pack_into(
            *(image, at, form, count, node.mode, 0, size, where, number, node.uid, node.gid, seconds, ns, place.links)
        )
        at += inode_size
        if xattrs:
            image[at : at + len(xattrs)] = xattrs
            at += len(xattrs)
        if place.inline:
            content = _folder(place)[0] if place.pages is not None else node.target
            image[at : at + len(content)] = content
        elif place.chunks is not None:
            chunks = _chunk_map(place)
            at += -at % erofs.CHUNK.size
            image[at : at + len(chunks)] = chunks
    return image


def _folder(place: Place) -> list[bytes]:
    """The blocks of a folder, the last one as long as what it holds."""
    node, parent = place.node, place.parent
    kids = node.kids
    assert kids is not None and place.pages is not None
    pack, types = erofs.DIRENT.pack, erofs.FILE_TYPES
    blocks = []
    for names in place.pages:
        offset = erofs.DIRENT.size * len(names)
        block = []
        for name in names:
            kid = kids.get(name)
            if kid is None:
                kid = node if name == b"." else parent
            block.append(pack(kid.place >> erofs.NID_BITS, offset, types[kid.mode & 0o170000], 0))
            offset += len(name)
        block += names
        blocks.append(b"".join(block))
    return blocks


def _chunk_map(place: Place) -> bytes:
    chunks = place.chunks
    assert chunks is not None
    numbers = [(0, 0, erofs.HOLE)] * chunks.count
    for number, stored in chunks.in_tar:
        numbers[number] = (0, place.node.layer + 1, (place.node.data + stored) // BLOCK)
    block = place.block
    for number in chunks.copied:
        numbers[number] = (0, 0, block)
        block += chunks.blocks(number)
    return b"".join([erofs.CHUNK.pack(*number) for number in numbers])


def _write_blocks(fd: int, layout: Layout) -> None:
    """What folders and links hold that does not stand behind their inodes: in one piece, they come in this order."""
    pending: list[bytes] = []
    start = next_block = 0
    for place in layout.places:
        if place.inline or not place.length or place.chunks is not None:
            continue
        if place.block != next_block:
            _write(fd, memoryview(b"".join(pending)), start * BLOCK)
            pending, start = [], place.block
        blocks = _folder(place) if place.pages is not None else [place.node.target]
        content = b"".join([block.ljust(BLOCK, b"\0") for block in blocks[:-1]]) + blocks[-1]
        pending.append(content + bytes(-len(content) % BLOCK))
        next_block = place.block + -(-place.length // BLOCK)
    _write(fd, memoryview(b"".join(pending)), start * BLOCK)


def _copy_chunks(fd: int, layout: Layout, tars: list[str]) -> None:
    for place in layout.places:
        if place.chunks is None or not place.chunks.copied:
            continue
        block = place.block
        tar = os.open(tars[place.node.layer], os.O_RDONLY | os.O_CLOEXEC)
        try:
            for number, pieces in place.chunks.copied.items():
                for offset, stored, length in pieces:
                    _copy(tar, place.node.data + stored, fd, block * BLOCK + offset, length)
                block += place.chunks.blocks(number)
        finally:
            os.close(tar)


def _copy(source: int, start: int, target: int, at: int, length: int) -> None:
    while length:
        data = os.pread(source, min(length, _COPY), start)
        if not data:
            raise ArchiveError("a layer's tar is shorter than its index says: load or import its image again")
        _write(target, memoryview(data), at)
        start += len(data)
        at += len(data)
        length -= len(data)


def _write(fd: int, data: memoryview, at: int) -> None:
    while data:
        written = os.pwrite(fd, data, at)
        data = data[written:]
        at += written
