"""A layer's index file: its tree, so that no merge has to scan the tar again.

Little endian, in this order:

    header    magic, version, CRC-32 of all that follows
    counts    lengths and numbers of what follows, and what the scan found
    nodes     48 bytes each, folders before what they hold
    kids      for each folder in the order of the nodes: numbers of the nodes, 4 bytes each
    names     their names in the same order, each ended by a NUL
    hidden    for each folder that has any: its names hidden in lower layers, each ended by a NUL
    targets   of symbolic links, each ended by a NUL
    extras    attributes, and the parts of files with holes: number of the node, kind, key, value

Why not EROFS itself: docs/decisions/0016-layer-index.md.
"""

from __future__ import annotations

import stat
import struct
import zlib

from boxship.archive.entry import ArchiveError
from boxship.archive.erofs.node import Node, walk

_MAGIC = b"BXLAYER\0"
_VERSION = 1
# magic, version, CRC-32 of all that follows
_HEADER = struct.Struct("<8sII")
# length of what follows; size as counted, entries; nodes, kids; bytes of names, hidden, targets
_COUNTS = struct.Struct("<8Q")
# mode, flags, user, group, nanoseconds, seconds, size, data, kids, hidden names
_NODE = struct.Struct("<HHIIIqQQII")
RECORD = _NODE.size
"""What an inode takes in the file, without names, links and attributes."""
_EXTRA = struct.Struct("<IHHI")
_OPAQUE, _IMPLIED, _PARTS = 1, 2, 4
_XATTR_EXTRA, _PARTS_EXTRA = 1, 2
_BILLION = 1_000_000_000


class Indexed:
    """What a scan found. size: bytes of the layer's files as Docker counts them; entries: of the archive; inodes:
    files and folders, those among them that no entry describes."""

    __slots__ = ("entries", "inodes", "size")

    def __init__(self, size: int, entries: int, inodes: int) -> None:
        self.size = size
        self.entries = entries
        self.inodes = inodes


def write_layer(root: Node, size: int, entries: int, out: str) -> Indexed:
    """Write the index file of a layer's tree; size and entries are kept in it. OSError."""
    nodes = walk(root)
    numbers = {id(node): number for number, node in enumerate(nodes)}
    records = bytearray()
    kids: list[int] = []
    names: list[bytes] = []
    hidden: list[bytes] = []
    targets: list[bytes] = []
    extras = bytearray()
    for number, node in enumerate(nodes):
        flags = _OPAQUE * node.opaque | _IMPLIED * node.implied
        count = many_hidden = 0
        if node.kids is not None:
            count = len(node.kids)
            kids += [numbers[id(kid)] for kid in node.kids.values()]
            names += node.kids
            if node.hidden:
                many_hidden = len(node.hidden)
                hidden += sorted(node.hidden)
        elif node.target:
            targets.append(node.target)
        if node.xattrs:
            for key, value in node.xattrs.items():
                extras += _EXTRA.pack(number, _XATTR_EXTRA, len(key), len(value)) + key + value
        if node.parts is not None:
            flags |= _PARTS
            value = b"".join([struct.pack("<QQ", *part) for part in node.parts])
            extras += _EXTRA.pack(number, _PARTS_EXTRA, 0, len(value)) + value
        seconds, ns = divmod(node.mtime_ns, _BILLION)
        records += _NODE.pack(
            node.mode, flags, node.uid, node.gid, ns, seconds, node.size, node.data, count, many_hidden
        )
    parts = [_ended(names), _ended(hidden), _ended(targets)]
    body = b"".join([records, struct.pack(f"<{len(kids)}I", *kids), *parts, extras])
    counts = _COUNTS.pack(len(body), size, entries, len(nodes), len(kids), *map(len, parts))
    head = _HEADER.pack(_MAGIC, _VERSION, zlib.crc32(body, zlib.crc32(counts)))
    with open(out, "wb", buffering=0) as file:
        for data in (head + counts, body):
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
    return Indexed(size, entries, len(nodes))


def read_layer(path: str, layer: int = 0) -> tuple[Node, Indexed]:
    """The tree in an index file, and what the scan had found. layer: which number its nodes are given.

    ArchiveError when the file is damaged or another version wrote it: it can be made again from the tar. OSError.
    """
    with open(path, "rb") as file:
        data = file.read()
    try:
        return _read(data, layer)
    except (ValueError, struct.error, IndexError) as error:
        raise ArchiveError(f"the layer index {path} is damaged or of another version") from error


def _read(data: bytes, layer: int) -> tuple[Node, Indexed]:
    magic, version, checksum = _HEADER.unpack_from(data)
    if (magic, version) != (_MAGIC, _VERSION) or zlib.crc32(memoryview(data)[_HEADER.size :]) != checksum:
        raise ValueError("another file")
    length, size, entries, many, many_kids, *lengths = _COUNTS.unpack_from(data, _HEADER.size)
    start = _HEADER.size + _COUNTS.size
    if length != len(data) - start:
        raise ValueError("another length")
    end = start + many * _NODE.size
    records = _NODE.iter_unpack(data[start:end])
    kid_numbers = struct.unpack_from(f"<{many_kids}I", data, end)
    start = end + 4 * many_kids
    sections: list[list[bytes]] = []
    for length in lengths:
        sections.append(data[start : start + length].split(b"\0"))
        start += length
    names, hidden, targets = sections
    nodes: list[Node] = []
    folders: list[tuple[Node, int]] = []
    at_hidden = at_target = 0
    for mode, flags, uid, gid, ns, seconds, size_of_file, place, count, many_hidden in records:
        node = Node(mode, uid, gid, seconds * _BILLION + ns)
        node.size, node.data, node.layer = size_of_file, place, layer
        form = mode & 0o170000
        if form == stat.S_IFDIR:
            node.implied = bool(flags & _IMPLIED)
            node.opaque = bool(flags & _OPAQUE)
            folders.append((node, count))
            if many_hidden:
                node.hidden = set(hidden[at_hidden : at_hidden + many_hidden])
                at_hidden += many_hidden
        elif form == stat.S_IFLNK:
            node.target = targets[at_target]
            at_target += 1
        nodes.append(node)
    at = 0
    for folder, count in folders:
        folder.kids = dict(zip(names[at : at + count], [nodes[n] for n in kid_numbers[at : at + count]], strict=True))
        at += count
    while start < len(data):
        number, kind, key_length, value_length = _EXTRA.unpack_from(data, start)
        start += _EXTRA.size
        key = data[start : start + key_length]
        start += key_length
        value = data[start : start + value_length]
        start += value_length
        node = nodes[number]
        if kind == _XATTR_EXTRA:
            node.xattrs = {**(node.xattrs or {}), key: value}
        else:
            node.parts = list(struct.iter_unpack("<QQ", value))
    return nodes[0], Indexed(size, entries, many)


def _ended(texts: list[bytes]) -> bytes:
    return b"\0".join([*texts, b""])
