"""What is not the same in the files of two images."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from boxship.archive.erofs.merge import lay_over
from boxship.archive.erofs.node import Node, new_folder
from boxship.image.explain.account import weight
from boxship.lib.errors import BoxshipError

ADDED, CHANGED, DELETED = "A", "C", "D"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One name. before, after: bytes of the file or link; what: for a change, in which ways the two differ."""

    kind: str
    path: bytes
    before: int
    after: int
    what: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LayerData:
    """A layer to compare: its diff id, its tree, and the path of its uncompressed tar."""

    diff_id: str
    tree: Node
    tar: str


def differences(before: Sequence[LayerData], after: Sequence[LayerData]) -> list[Difference]:
    """The differences between two images, by path; layers are given the lowest first, and their trees are used up.

    Folders are listed only where their own mode, owner or attributes differ, or one is there and not the other; times
    never are: every build changes them. Contents are compared byte by byte where sizes are equal and layers are not.
    """
    with ExitStack() as stack:
        comparing = _Comparing(_Side(before, stack), _Side(after, stack))
        return sorted(comparing.all(), key=lambda difference: difference.path)


class _Side:
    def __init__(self, layers: Sequence[LayerData], stack: ExitStack) -> None:
        self.root = new_folder()
        self.diff_ids = [layer.diff_id for layer in layers]
        self._tars = [layer.tar for layer in layers]
        self._open: dict[int, int] = {}
        self._stack = stack
        for number, layer in enumerate(layers):
            for node in _all(layer.tree):
                node.layer = number
            lay_over(self.root, layer.tree)

    def tar(self, node: Node) -> int:
        """A descriptor of the tar that has the file's data."""
        fd = self._open.get(node.layer)
        if fd is None:
            fd = self._open[node.layer] = os.open(self._tars[node.layer], os.O_RDONLY | os.O_CLOEXEC)
            self._stack.callback(os.close, fd)
        return fd


class _Comparing:
    def __init__(self, before: _Side, after: _Side) -> None:
        self._before = before
        self._after = after

    def all(self) -> Iterator[Difference]:
        todo = [(b"", self._before.root, self._after.root)]
        while todo:
            path, old, new = todo.pop()
            assert old.kids is not None and new.kids is not None
            for name, kid in old.kids.items():
                other = new.kids.get(name)
                here = path + b"/" + name
                if other is None or (kid.kids is None) != (other.kids is None):
                    yield from _whole(DELETED, here, kid)
            for name, kid in new.kids.items():
                other = old.kids.get(name)
                here = path + b"/" + name
                if other is None or (kid.kids is None) != (other.kids is None):
                    yield from _whole(ADDED, here, kid)
                    continue
                if what := self._what(other, kid):
                    yield Difference(CHANGED, here, weight(other), weight(kid), what)
                if kid.kids is not None:
                    todo.append((here, other, kid))

    def _what(self, old: Node, new: Node) -> tuple[str, ...]:
        found = []
        if stat.S_IFMT(old.mode) != stat.S_IFMT(new.mode):
            found.append("type")
        elif stat.S_ISREG(old.mode):
            if not self._same_content(old, new):
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

    def _same_content(self, old: Node, new: Node) -> bool:
        if old.size != new.size:
            return False
        same_layer = self._before.diff_ids[old.layer] == self._after.diff_ids[new.layer]
        if not old.size or (same_layer and old.data == new.data):
            return True
        if old.parts != new.parts:
            return False  # holes elsewhere: taken for a change without looking at the zeros
        length = sum(part for _, part in old.parts) if old.parts is not None else old.size
        return _same(self._before.tar(old), old.data, self._after.tar(new), new.data, length)


def _same(one: int, at: int, other: int, there: int, length: int) -> bool:
    while length:
        size = min(length, _CHUNK)
        data = os.pread(one, size, at)
        if not data:
            raise BoxshipError("a layer's tar is shorter than its files: load or pull its image again")
        if data != os.pread(other, len(data), there):
            return False
        at += len(data)
        there += len(data)
        length -= len(data)
    return True


def _whole(kind: str, path: bytes, node: Node) -> Iterator[Difference]:
    for at, here in _walk(path, node):
        size = weight(here) if here.kids is None else 0
        yield Difference(kind, at, size if kind == DELETED else 0, size if kind == ADDED else 0)


def _walk(path: bytes, node: Node) -> Iterator[tuple[bytes, Node]]:
    todo = [(path, node)]
    while todo:
        at, here = todo.pop()
        yield at, here
        todo += [(at + b"/" + name, kid) for name, kid in (here.kids or {}).items()]


def _all(tree: Node) -> Iterator[Node]:
    return (node for _, node in _walk(b"", tree))
