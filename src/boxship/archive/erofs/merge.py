"""The one index of an image: its layers laid over each other, as overlayfs would show them."""

from __future__ import annotations

import os

from boxship.archive.entry import ArchiveError
from boxship.archive.erofs.image import write_image
from boxship.archive.erofs.node import Node, new_folder
from boxship.archive.erofs.store import read_layer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


# Twice what one layer may have (tree.py): 1.6 GB of memory.
MOST_INODES = 4_000_000
MOST_BYTES = 1 << 29


class LayerFiles:
    """A layer on disk. index: path of what `index_layer` wrote; tar: path of its uncompressed tar."""

    __slots__ = ("index", "tar")

    def __init__(self, index: str, tar: str) -> None:
        self.index = index
        self.tar = tar


def merge(layers: Sequence[LayerFiles], out: str) -> None:
    """Write the EROFS image `out` of the layers, the lowest first: to be mounted with their tars as its devices.

    Whiteouts and opaque folders are applied (OCI image spec, layer.md), links are counted by the names that are left.
    The tars are devices in the order of the layers, `device=` once for each. The file is neither synced nor removed
    on errors. ArchiveError when an index is damaged (it can be written again from the tar), or when it would get too
    large. OSError.
    """
    root = new_folder()
    bound = Bound()
    for number, layer in enumerate(layers):
        tree, indexed = read_layer(layer.index, number)
        bound.add(indexed.inodes, os.stat(layer.index).st_size)
        lay_over(root, tree)
    write_image(root, [layer.tar for layer in layers], out)


class Bound:
    """What the layers of one image may take together, since they are all in memory at once."""

    __slots__ = ("_bytes", "_inodes")

    def __init__(self) -> None:
        self._inodes = self._bytes = 0

    def add(self, inodes: int, size: int) -> None:
        """One more layer; size: bytes of its index file. ArchiveError when it is too much."""
        self._inodes += inodes
        self._bytes += size
        if self._inodes > MOST_INODES:
            raise ArchiveError(f"the image's layers have more than {MOST_INODES:,} files and folders together")
        if self._bytes > MOST_BYTES:
            raise ArchiveError(f"the indexes of the image's layers have more than {MOST_BYTES >> 20} MiB together")


def lay_over(base: Node, layer: Node) -> None:
    """Change the folder `base` to what is seen when the folder `layer` lies over it; takes over the nodes of both.

    The root's own owner and mode stay those of `base`, and an opaque root hides nothing: overlayfs does not look for
    it there, so Docker shows what is below.
    """
    todo = [(base, layer)]
    while todo:
        below, above = todo.pop()
        kids = below.kids
        assert kids is not None and above.kids is not None
        if above.opaque and above is not layer:
            kids.clear()
        elif above.hidden:
            for name in above.hidden:
                kids.pop(name, None)
        for name, kid in above.kids.items():
            old = kids.get(name)
            if old is not None and old.kids is not None and kid.kids is not None:
                old.mode, old.uid, old.gid, old.mtime_ns = kid.mode, kid.uid, kid.gid, kid.mtime_ns
                old.xattrs = kid.xattrs
                todo.append((old, kid))
            else:
                kids[name] = kid
