"""A file, link, device or folder of a layer or of an image, in memory: what an inode of the index will say."""

from __future__ import annotations

import stat

FOLDER_MODE = stat.S_IFDIR | 0o755


class Node:
    """One inode; its names stand in the folders that have it as a kid.

    mode: type and permission bits. size: bytes of a file, holes included. data: of a file where its data begins in
    the layer's tar (bytes), of a device its number as the kernel writes it (32 bits). layer: number of the layer whose
    tar holds the data. target: of a symbolic link. kids: of a folder, None for all else; hidden: the names that it
    hides in lower layers (whiteouts); opaque: it hides all of them. parts: of a file with holes, as (offset, length).
    implied: a folder that no entry describes. place: the writer's, see layout.py.
    """

    __slots__ = (
        "data",
        "gid",
        "hidden",
        "implied",
        "kids",
        "layer",
        "mode",
        "mtime_ns",
        "opaque",
        "parts",
        "place",
        "size",
        "target",
        "uid",
        "xattrs",
    )

    def __init__(self, mode: int, uid: int, gid: int, mtime_ns: int) -> None:
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.mtime_ns = mtime_ns
        self.size = 0
        self.data = 0
        self.layer = 0
        self.target = b""
        self.xattrs: dict[bytes, bytes] | None = None
        self.parts: list[tuple[int, int]] | None = None
        self.kids: dict[bytes, Node] | None = None
        self.hidden: set[bytes] | None = None
        self.opaque = False
        self.implied = False
        self.place = 0


def new_folder(mtime_ns: int = 0) -> Node:
    """A folder that no entry describes: root's, mode 0755, as Docker makes it."""
    folder = Node(FOLDER_MODE, 0, 0, mtime_ns)
    folder.kids = {}
    folder.implied = True
    return folder


def walk(root: Node) -> list[Node]:
    """Every node below a root and itself once, a folder before what it holds, hard links where their first name is."""
    seen: set[int] = set()
    found: list[Node] = []
    todo = [root]
    while todo:
        node = todo.pop()
        found.append(node)
        if node.kids is None:
            continue
        for kid in node.kids.values():
            if kid.kids is not None:
                todo.append(kid)
            elif id(kid) not in seen:
                seen.add(id(kid))
                found.append(kid)
    return found


def counted_size(root: Node) -> int:
    """The bytes of the files and links of a tree as Docker counts them: with their length, each once."""
    return sum(node.size if stat.S_ISREG(node.mode) else len(node.target) for node in walk(root) if node.kids is None)
