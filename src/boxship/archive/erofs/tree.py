"""A layer's files in memory, from its archive's entries: the tree that unpacking them makes (decisions/0007).

Names and links of the archive lead nowhere but here: there is no file system to get out to.
"""

from __future__ import annotations

import errno
import os
import stat

from boxship.archive import entry as kinds
from boxship.archive.entry import ArchiveError, Entry, components, quoted
from boxship.archive.erofs.attributes import accept
from boxship.archive.erofs.chunks import Chunks
from boxship.archive.erofs.format import BLOCK
from boxship.archive.erofs.node import Node, new_folder
from boxship.archive.overlay import OPAQUE_WHITEOUT, WHITEOUT

Path = tuple[bytes, ...]

_META = b".wh..wh."
_TYPES = {
    kinds.FILE: stat.S_IFREG,
    kinds.SYMLINK: stat.S_IFLNK,
    kinds.CHARACTER: stat.S_IFCHR,
    kinds.BLOCK: stat.S_IFBLK,
    kinds.FIFO: stat.S_IFIFO,
}
# path_resolution(7): names, paths and links are as long as the kernel takes them
_LONGEST_NAME = 255
_LONGEST_PATH = 4095
_MOST_LINKS = 40
# What one layer may ask for. An inode takes about 400 bytes of memory here, so these are the bounds of what a hostile
# archive can take: the inodes, those of folders that no entry describes among them; the bytes of names, links,
# attributes and maps; and the bytes that files with holes at odd places have to be copied for.
MOST_INODES = 2_000_000
MOST_BYTES = 1 << 28
MOST_COPIED = 1 << 36
_LONGEST_FILE = 1 << 44  # 16 TiB, as ext4


class LayerTree:
    """Takes entries one by one. ArchiveError for what unpacking would refuse.

    root: the tree so far; entries, inodes, bytes: how many entries came, how many inodes they made, and how long all
    names, links, attributes and maps were.
    """

    def __init__(self) -> None:
        self.root = new_folder()
        self.entries = 0
        self.inodes = self.bytes = 0
        self._copied = 0
        # Folders by their names as archives write them; links on the way are resolved already.
        self._folders: dict[bytes, Node] = {b"": self.root}

    def add(self, entry: Entry, data: int) -> None:
        """`data`: where the entry's stored data begins in the tar, in bytes."""
        self._count(entry)
        raw = entry.path
        if raw.endswith(b"/"):
            raw = raw.rstrip(b"/")
        parent, _, name = raw.rpartition(b"/")
        folder = self._folders.get(parent)
        if folder is None or name in (b"", b".", b"..") or b".wh." in name or b"\0" in name:
            try:
                path = components(entry.path)
            except ValueError as error:
                raise ArchiveError(f"invalid entry name {entry.shown}: it {error}") from error
            if not path:
                return
            name = path[-1]
            if not name.startswith(WHITEOUT) and any(part.startswith(_META) for part in path):
                return  # aufs kept its own notes in such folders
        else:
            path = None
        try:
            if path is not None:
                if name.startswith(_META) and name != OPAQUE_WHITEOUT:
                    return
                folder = self._walk(path[:-1], entry.mtime_ns)
                if raw.endswith(b"/" + name):
                    self._folders[parent] = folder
            assert folder is not None
            if name.startswith(WHITEOUT):
                _hide(folder, name, entry)
            elif len(name) > _LONGEST_NAME:
                raise _error(errno.ENAMETOOLONG)
            else:
                self._make(entry, folder, name, data)
        except OSError as error:
            raise ArchiveError(f"cannot unpack {entry.shown}: {error.strerror}") from error

    def _count(self, entry: Entry) -> None:
        self.entries += 1
        self.bytes += len(entry.path) + len(entry.link)
        for name, value in entry.xattrs.items():
            self.bytes += len(name) + len(value)
        if entry.sparse is not None:
            if entry.size > _LONGEST_FILE:
                raise ArchiveError(f"cannot unpack {entry.shown}: {os.strerror(errno.EFBIG)}")
            chunks = Chunks(entry.size, entry.sparse)
            self.bytes += 128 * len(entry.sparse) + 8 * chunks.count
            self._copied += BLOCK * chunks.copied_blocks
            if self._copied > MOST_COPIED:
                raise ArchiveError(f"too many holes at odd places in files of the layer, such as {entry.shown}")
        if self.bytes > MOST_BYTES:
            raise ArchiveError(f"the names, attributes and maps of the layer take more than {MOST_BYTES >> 20} MiB")

    def _make(self, entry: Entry, folder: Node, name: bytes, data: int) -> None:
        kids = folder.kids
        assert kids is not None
        kind = entry.kind
        old = kids.get(name)
        if kind == kinds.FOLDER:
            _describe(self._make_folder(folder, name, old), entry)
            return
        if kind == kinds.HARDLINK:
            self._link(entry, folder, name, old)
            return
        form = _TYPES.get(kind)
        if form is None:
            raise ArchiveError(f"cannot unpack {entry.shown}: unknown tar entry type {kind:#04x}")
        mode = form | entry.mode
        if kind == kinds.SYMLINK:
            mode = form | 0o777
            if not entry.link or b"\0" in entry.link:
                raise ArchiveError(f"invalid link {entry.shown}: its target is empty or has a NUL byte")
            if len(entry.link) > _LONGEST_PATH:
                raise _error(errno.ENAMETOOLONG)
        ns = entry.mtime_ns
        node = Node(mode, entry.uid, entry.gid, ns if -(2**62) < ns < 2**62 else 0)
        if entry.xattrs:
            node.mode, node.xattrs = accept(mode, entry.xattrs)
        if kind == kinds.FILE:
            node.size, node.data, node.parts = entry.size, data, entry.sparse
        elif kind == kinds.SYMLINK:
            node.target = entry.link
        elif kind != kinds.FIFO:
            # linux/kdev_t.h, new_encode_dev()
            node.data = entry.minor & 0xFF | entry.major << 8 | (entry.minor & ~0xFF) << 12
            if not node.data and kind == kinds.CHARACTER:
                # Overlayfs' own sign for "removed": it hides what lower layers have.
                self._clear(folder, name, old)
                _hidden(folder).add(name)
                return
        self._put(folder, name, old, node)

    def _put(self, folder: Node, name: bytes, old: Node | None, node: Node) -> None:
        if old is not None:
            self._clear(folder, name, old)
        self.inodes += 1
        if self.inodes > MOST_INODES:
            raise ArchiveError(f"the layer has more than {MOST_INODES:,} files and folders")
        assert folder.kids is not None
        folder.kids[name] = node

    def _clear(self, folder: Node, name: bytes, old: Node | None) -> None:
        if old is None:
            return
        assert folder.kids is not None
        del folder.kids[name]
        if old.kids is not None or old.target:
            # Some of them were found through it.
            self._folders.clear()
            self._folders[b""] = self.root

    def _make_folder(self, folder: Node, name: bytes, old: Node | None) -> Node:
        if old is not None and old.kids is not None:
            return old
        made = new_folder()
        self._put(folder, name, old, made)
        return made

    def _link(self, entry: Entry, folder: Node, name: bytes, old: Node | None) -> None:
        try:
            target = components(entry.link)
        except ValueError as error:
            raise ArchiveError(f"invalid hardlink target {quoted(entry.link)}: it {error}") from error
        if not target:
            raise ArchiveError(f"invalid hardlink target {quoted(entry.link)}: it is no file")
        try:
            node = self._find(target)
            if node is old:
                return  # already that very file
            self._clear(folder, name, old)
            node = self._find(target)
        except FileNotFoundError as error:
            raise ArchiveError(
                f"cannot link {entry.shown} to {quoted(entry.link)}: this layer has no such file"
            ) from error
        if node.kids is not None:
            raise _error(errno.EPERM)
        self._put(folder, name, None, node)

    def _find(self, path: Path) -> Node:
        folder = self._walk(path[:-1], None)
        assert folder.kids is not None
        found = folder.kids.get(path[-1])
        if found is None:
            raise _error(errno.ENOENT)
        return found

    def _walk(self, path: Path, mtime_ns: int | None) -> Node:
        """The folder at `path`, links followed; with a time, what is missing is made. OSError, ArchiveError."""
        if sum(map(len, path)) + len(path) > _LONGEST_PATH + 1:
            raise _error(errno.ENAMETOOLONG)
        todo = list(reversed(path))
        done = [self.root]
        links = 0
        while todo:
            name = todo.pop()
            if name == b"..":
                if len(done) > 1:
                    done.pop()
                continue
            here = done[-1]
            assert here.kids is not None
            kid = here.kids.get(name)
            if kid is None:
                if mtime_ns is None:
                    raise _error(errno.ENOENT)
                if len(name) > _LONGEST_NAME:
                    raise _error(errno.ENAMETOOLONG)
                kid = self._make_folder(here, name, None)
                kid.mtime_ns = mtime_ns if -(2**62) < mtime_ns < 2**62 else 0
            if kid.kids is not None:
                done.append(kid)
            elif kid.target:
                links += 1
                if links > _MOST_LINKS:
                    raise _error(errno.ELOOP)
                if kid.target.startswith(b"/"):
                    del done[1:]
                todo += [part for part in reversed(kid.target.split(b"/")) if part not in (b"", b".")]
            elif mtime_ns is None:
                raise _error(errno.ENOTDIR)
            else:
                raise ArchiveError(f"cannot make {quoted(b'/'.join(path))}: {quoted(name)} is no folder")
        return done[-1]


def _hide(folder: Node, name: bytes, entry: Entry) -> None:
    # A whiteout hides what lower layers have, not what this layer brings, in whatever order they come.
    if name == OPAQUE_WHITEOUT:
        folder.opaque = True
        return
    hidden = name[len(WHITEOUT) :]
    if hidden in (b"", b".", b".."):
        raise ArchiveError(f"invalid whiteout entry {entry.shown}")
    if len(hidden) > _LONGEST_NAME:
        raise _error(errno.ENAMETOOLONG)
    _hidden(folder).add(hidden)


def _hidden(folder: Node) -> set[bytes]:
    if folder.hidden is None:
        folder.hidden = set()
    return folder.hidden


def _describe(folder: Node, entry: Entry) -> None:
    ns = entry.mtime_ns
    folder.mode = stat.S_IFDIR | entry.mode
    folder.uid, folder.gid = entry.uid, entry.gid
    folder.mtime_ns = ns if -(2**62) < ns < 2**62 else 0
    folder.implied = False
    if entry.xattrs:
        folder.mode, taken = accept(folder.mode, entry.xattrs)
        folder.xattrs = {**folder.xattrs, **taken} if folder.xattrs else taken


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
