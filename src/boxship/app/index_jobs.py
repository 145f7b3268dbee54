"""Workers that make indexes (archive/erofs/): a tree of many files takes memory that the daemon would not get back, and
time in which it could answer nobody.

The modules are imported by `prepare`, before the root is switched, and only in these workers.
"""

from __future__ import annotations

import os

from boxship.shim.worker import Job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

INDEX = "index"
"""The file that `index_layer` writes in its root."""


def _prepare(arguments: dict[str, Any]) -> None:
    from boxship.archive.erofs import merge, scan  # noqa: F401


def index_layer(arguments: dict[str, Any], root: int, fds: list[int]) -> int:
    """Write the index of the tar at the first further descriptor; the size of the layer's files in bytes.

    The tar may still grow: a byte on the second further descriptor says that it has, the end that it is whole.
    """
    from boxship.archive.erofs.scan import LayerScanner

    growing = _Growing(*fds)
    scanner = LayerScanner()
    position = 0
    while scanner.wanted:
        if scanner.skip:
            position += scanner.skip
            if not growing.has(position):
                break
            scanner.pass_over(scanner.skip)
        growing.has(position + scanner.wanted)
        piece = os.pread(fds[0], scanner.wanted, position)
        if not piece:
            break
        position += len(piece)
        scanner.feed(piece)
    return scanner.finish(INDEX).size


class _Growing:
    def __init__(self, tar: int, told: int) -> None:
        self._tar = tar
        self._told = told
        self._size = os.fstat(tar).st_size
        self._whole = False

    def has(self, size: int) -> bool:
        """Wait until the tar has that many bytes or is whole; whether it has them."""
        while self._size < size and not self._whole:
            self._whole = not os.read(self._told, 4096)
            self._size = os.fstat(self._tar).st_size
        return self._size >= size


def merge_indexes(arguments: dict[str, Any], root: int, fds: list[int]) -> None:
    """Write the index `out` of an image. layers: (index, tar) of each, lowest first; all paths are below the root."""
    from boxship.archive.erofs.merge import LayerFiles, merge

    merge([LayerFiles(index, tar) for index, tar in arguments["layers"]], arguments["out"])


JOBS = {
    "index_layer": Job(index_layer, _prepare),
    "merge_indexes": Job(merge_indexes, _prepare),
}
