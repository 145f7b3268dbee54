"""What is not the same in the files of two images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from boxship.archive.erofs.merge import lay_over
from boxship.archive.erofs.node import Node, new_folder
from boxship.image.explain.account import weight
from boxship.image.explain.contents import Contents, LayerData, what_differs

ADDED, CHANGED, DELETED = "A", "C", "D"


@dataclass(frozen=True, slots=True)
class Difference:
    """One name. before, after: bytes of the file or link; what: for a change, in which ways the two differ."""

    kind: str
    path: bytes
    before: int
    after: int
    what: tuple[str, ...] = ()


def differences(before: Sequence[LayerData], after: Sequence[LayerData]) -> list[Difference]:
    """The differences between two images, by path; layers are given the lowest first, and their trees are used up.

    Folders are listed only where their own mode, owner or attributes differ, or one is there and not the other; times
    never are: every build changes them. Contents are compared byte by byte where sizes are equal and layers are not.
    """
    with ExitStack() as stack:
        comparing = _Comparing(Contents(before, stack), _merged(before), Contents(after, stack), _merged(after))
        return sorted(comparing.all(), key=lambda difference: difference.path)


def _merged(layers: Sequence[LayerData]) -> Node:
    root = new_folder()
    for layer in layers:
        lay_over(root, layer.tree)
    return root


class _Comparing:
    def __init__(self, before: Contents, old: Node, after: Contents, new: Node) -> None:
        self._before, self._old = before, old
        self._after, self._new = after, new

    def all(self) -> Iterator[Difference]:
        todo = [(b"", self._old, self._new)]
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
                if what := what_differs(other, self._before, kid, self._after):
                    yield Difference(CHANGED, here, weight(other), weight(kid), what)
                if kid.kids is not None:
                    todo.append((here, other, kid))


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
