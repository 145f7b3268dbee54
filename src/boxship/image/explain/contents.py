"""In which ways two files differ, their contents read from the tars of their layers."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from boxship.archive.erofs.node import Node, walk
from boxship.lib.errors import BoxshipError

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class LayerData:
    """A layer to look at: its diff id, its tree, and the path of its uncompressed tar."""

    diff_id: str
    tree: Node
    tar: str


class Contents:
    """The data of the files of one image, the lowest layer first; `stack` closes what is opened."""

    def __init__(self, layers: Sequence[LayerData], stack: ExitStack) -> None:
        self._layers = [(layer.diff_id, layer.tar) for layer in layers]
        self._open: dict[int, int] = {}
        self._stack = stack
        for number, layer in enumerate(layers):
            for node in walk(layer.tree):
                node.layer = number

    def place(self, node: Node) -> tuple[str, int]:
        """Which bytes they are: the layer's diff id, and where in its tar."""
        return self._layers[node.layer][0], node.data

    def tar(self, node: Node) -> int:
        """A descriptor of the tar that has the file's data. OSError."""
        fd = self._open.get(node.layer)
        if fd is None:
            fd = self._open[node.layer] = os.open(self._layers[node.layer][1], os.O_RDONLY | os.O_CLOEXEC)
            self._stack.callback(os.close, fd)
        return fd


def what_differs(old: Node, before: Contents, new: Node, after: Contents) -> tuple[str, ...]:
    """Type, content, target, device, mode, owner, attributes: those that are not the same; times are not looked at.

    Contents are read where the sizes are the same and the places are not. OSError, BoxshipError.
    """
    found = []
    if stat.S_IFMT(old.mode) != stat.S_IFMT(new.mode):
        found.append("type")
    elif stat.S_ISREG(old.mode):
        if not _same_content(old, before, new, after):
            found.append("content")
    elif old.target != new.target or (old.kids is None and old.data != new.data):
        found.append("target" if old.target else "device")
    if stat.S_IMODE(old.mode) != stat.S_IMODE(new.mode):
        found.append("mode")
    if (old.uid, old.gid) != (new.uid, new.gid):
        found.append("owner")
    if (old.xattrs or {}) != (new.xattrs or {}):
        found.append("attributes")
    return tuple(found)


def _same_content(old: Node, before: Contents, new: Node, after: Contents) -> bool:
    if old.size != new.size:
        return False
    if not old.size or before.place(old) == after.place(new):
        return True
    if old.parts != new.parts:
        return False  # holes elsewhere: taken for a change without looking at the zeros
    length = sum(part for _, part in old.parts) if old.parts is not None else old.size
    return _same(before.tar(old), old.data, after.tar(new), new.data, length)


def _same(one: int, at: int, other: int, there: int, length: int) -> bool:
    while length:
        data = os.pread(one, min(length, _CHUNK), at)
        if not data:
            raise BoxshipError("a layer's tar is shorter than its files: load or pull its image again")
        if data != os.pread(other, len(data), there):
            return False
        at += len(data)
        there += len(data)
        length -= len(data)
    return True
