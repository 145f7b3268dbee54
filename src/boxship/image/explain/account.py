"""What each layer of an image brings, changes and takes away, and which of its bytes nobody sees any more. Pure."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from boxship.archive.erofs.node import Node, new_folder


@dataclass(slots=True)
class Count:
    """files: names of all that is no folder; bytes: of files and links, each once however many names it has."""

    files: int = 0
    bytes: int = 0


@dataclass(slots=True)
class LayerAccount:
    """One layer.

    size: bytes of its files; added, changed: names that are new, or stand for something else than below; deleted:
    names of lower layers that are gone; wasted: what of this layer no name of the image leads to any more.
    """

    size: int = 0
    added: Count = field(default_factory=Count)
    changed: Count = field(default_factory=Count)
    deleted: Count = field(default_factory=Count)
    wasted: Count = field(default_factory=Count)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A file that is stored and not seen: where, how big, in which layer, and which layer hides it (from 0).

    node: the file; instead: what stands in its place, None where it is deleted.
    """

    path: bytes
    bytes: int
    layer: int
    hidden_by: int
    node: Node = field(compare=False, repr=False)
    instead: Node | None = field(compare=False, repr=False)


@dataclass(slots=True)
class Account:
    """A whole image. visible: the bytes that can be seen; hidden: the files that can't, the biggest first."""

    layers: list[LayerAccount] = field(default_factory=list)
    visible: int = 0
    hidden: list[Hidden] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The bytes of all layers."""
        return sum(layer.size for layer in self.layers)

    @property
    def wasted(self) -> int:
        """The bytes of all layers that can't be seen."""
        return sum(layer.wasted.bytes for layer in self.layers)


def account(trees: Sequence[Node]) -> Account:
    """The account of an image's layers, the lowest first; the trees are used up."""
    counting = _Counting()
    for number, tree in enumerate(trees):
        counting.lay(number, tree)
    result = counting.account
    result.visible = result.size - result.wasted
    result.hidden.sort(key=lambda file: (-file.bytes, file.path))
    return result


def weight(node: Node) -> int:
    """The bytes of a file or a link, as Docker counts them."""
    return node.size if stat.S_ISREG(node.mode) else len(node.target)


class _Counting:
    """The tree as it is seen so far, and how many names each inode has in it."""

    def __init__(self) -> None:
        self.account = Account()
        self._seen = new_folder()
        self._names: dict[int, int] = {}
        self._layer = 0
        self._now = LayerAccount()

    def lay(self, number: int, tree: Node) -> None:
        """Lay one more layer over what is there: as `archive/erofs/merge.py` does, counting."""
        self._layer = number
        self._now = LayerAccount()
        self.account.layers.append(self._now)
        for node in _inodes(tree):
            node.layer = number
            self._now.size += weight(node)
        todo = [(b"", self._seen, tree)]
        while todo:
            path, below, above = todo.pop()
            kids = below.kids
            assert kids is not None and above.kids is not None
            for name in self._gone(above, kids, is_root=above is tree):
                # What the layer brings under that name itself is a change of it.
                if name not in above.kids or kids[name].kids is not None:
                    self._delete(path + name, kids.pop(name))
            for name, kid in above.kids.items():
                old = kids.get(name)
                if kid.kids is not None:
                    if old is None or old.kids is None:
                        if old is not None:
                            self._delete(path + name, old)
                        old = kids[name] = new_folder()
                    todo.append((path + name + b"/", old, kid))
                    continue
                if old is not None and old.kids is not None:
                    self._delete(path + name, old)
                    old = None
                kids[name] = kid
                self._bring(kid, self._now.changed if old is not None else self._now.added)
                if old is not None:
                    self._unseen(path + name, old, kid)

    def _gone(self, above: Node, kids: dict[bytes, Node], *, is_root: bool) -> list[bytes]:
        if above.opaque and not is_root:
            return list(kids)
        return [name for name in above.hidden or () if name in kids]

    def _bring(self, node: Node, count: Count) -> None:
        count.files += 1
        names = self._names.get(id(node), 0)
        self._names[id(node)] = names + 1
        if not names:
            count.bytes += weight(node)

    def _delete(self, path: bytes, node: Node) -> None:
        for name, kid in _files(path, node):
            self._now.deleted.files += 1
            self._now.deleted.bytes += self._unseen(name, kid, None)

    def _unseen(self, path: bytes, node: Node, instead: Node | None) -> int:
        """One name less; the bytes that nobody sees any more by that."""
        self._names[id(node)] -= 1
        if self._names[id(node)]:
            return 0
        size = weight(node)
        wasted = self.account.layers[node.layer].wasted
        wasted.files += 1
        wasted.bytes += size
        if size:
            self.account.hidden.append(Hidden(path, size, node.layer, self._layer, node, instead))
        return size


def _files(path: bytes, node: Node) -> Iterator[tuple[bytes, Node]]:
    todo = [(path, node)]
    while todo:
        at, here = todo.pop()
        if here.kids is None:
            yield at, here
        else:
            todo += [(at + b"/" + name, kid) for name, kid in here.kids.items()]


def _inodes(tree: Node) -> list[Node]:
    found = {id(node): node for _, node in _files(b"", tree)}
    return list(found.values())
