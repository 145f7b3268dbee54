"""Putting an archive's files into a folder of a container, as `docker cp` does: what is there is merged or replaced.

The archive is not trusted, and neither is the tree: paths and links are followed inside the root only. Whiteouts mean
nothing here.
"""

from __future__ import annotations

import os
import posixpath
import stat

from boxship.archive import entry as kinds
from boxship.archive.attributes import set_by_name, set_owner_and_mode, times_of
from boxship.archive.entry import ArchiveError, Entry, quoted
from boxship.archive.reader import TarReader
from boxship.archive.tree import Path, Tree, make_folder

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20


def extract(reader: TarReader, root: int, target: bytes, *, owner: tuple[int, int] | None, keep_kinds: bool) -> None:
    """Put all entries into the folder that `target` is, an absolute path below the fd `root` without links.

    owner: who everything belongs to, None for what the archive says. keep_kinds: no folder is replaced by what is
    none, and no other way round. ArchiveError and OSError with what was put in before it; it stays, as with Docker.
    """
    extractor = _Extractor(reader, Tree(root), target, owner, keep_kinds)
    try:
        for entry in reader:
            extractor.add(entry)
        extractor.set_folder_times()
    finally:
        extractor.tree.close()


class _Extractor:
    def __init__(
        self, reader: TarReader, tree: Tree, target: bytes, owner: tuple[int, int] | None, keep_kinds: bool
    ) -> None:
        self.reader = reader
        self.tree = tree
        self._target = target
        self._prefix: Path = _parts(target)
        self._owner = owner
        self._keep_kinds = keep_kinds
        self._times: dict[Path, int] = {}

    def add(self, entry: Entry) -> None:
        name = posixpath.normpath(entry.path or b".")
        if b"\0" in entry.path:
            raise ArchiveError(f"invalid entry name {entry.shown}: it has a NUL byte")
        if name == b".." or name.startswith(b"../"):
            raise ArchiveError(f"{quoted(name)} is outside of {quoted(self._target)}")
        if self._owner is not None:
            entry.uid, entry.gid = self._owner
        path = (*self._prefix, *_parts(name))
        try:
            self._make(entry, name, path)
        except OSError as error:
            error.filename = os.fsdecode(b"/" + b"/".join(path))
            raise

    def set_folder_times(self) -> None:
        """Last of all: making a file changes the time of its folder."""
        for path, mtime_ns in self._times.items():
            try:
                os.utime(self.tree.find(path), ns=times_of(mtime_ns))
            except FileNotFoundError:
                continue  # the container removed it meanwhile

    def _make(self, entry: Entry, name: bytes, path: Path) -> None:
        if len(path) == len(self._prefix):
            # The folder itself; what stands there stays as it is.
            if entry.kind == kinds.FOLDER:
                return
            raise ArchiveError(f"cannot replace {quoted(self._target)}: it is the folder to copy into")
        parent, last = self.tree.folder(path[:-1]), path[-1]
        self._make_room(entry, name, parent, last)
        kind = entry.kind
        if kind == kinds.FOLDER:
            self._folder(entry, path, parent, last)
            return
        self._times.pop(path, None)
        if kind == kinds.HARDLINK:
            self._hardlink(entry, name, parent, last)
            return
        if kind == kinds.FILE:
            self._file(entry, parent, last)
            return
        if kind == kinds.SYMLINK:
            self._symlink(entry, name, parent, last)
        elif kind == kinds.FIFO:
            os.mkfifo(last, 0o600, dir_fd=parent)
        elif kind in (kinds.CHARACTER, kinds.BLOCK):
            form = stat.S_IFCHR if kind == kinds.CHARACTER else stat.S_IFBLK
            os.mknod(last, form | 0o600, os.makedev(entry.major, entry.minor), dir_fd=parent)
        else:
            raise ArchiveError(f"unhandled tar header type {kind}")
        set_by_name(entry, parent, last)

    def _make_room(self, entry: Entry, name: bytes, parent: int, last: bytes) -> None:
        try:
            there = stat.S_ISDIR(os.lstat(last, dir_fd=parent).st_mode)
        except FileNotFoundError:
            return
        folder = entry.kind == kinds.FOLDER
        if self._keep_kinds and there != folder:
            old, new = ("directory", "non-directory") if there else ("non-directory", "directory")
            raise ArchiveError(f"cannot overwrite {old} {quoted(name)} with {new} {quoted(self._target)}")
        if not (there and folder):
            self.tree.remove(parent, last)

    def _file(self, entry: Entry, parent: int, last: bytes) -> None:
        fd = os.open(last, _NEW_FILE, 0o600, dir_fd=parent)
        try:
            for offset, length in entry.sparse if entry.sparse is not None else ((0, entry.size),):
                self._copy(fd, offset, length)
            if entry.sparse is not None:
                os.ftruncate(fd, entry.size)
            set_owner_and_mode(entry, fd)
            os.utime(fd, ns=times_of(entry.mtime_ns))
        finally:
            os.close(fd)

    def _copy(self, fd: int, offset: int, length: int) -> None:
        if offset:
            os.lseek(fd, offset, os.SEEK_SET)
        while length:
            data = self.reader.read(min(length, _CHUNK))
            length -= len(data)
            written = os.write(fd, data)
            while written < len(data):
                written += os.write(fd, data[written:])

    def _folder(self, entry: Entry, path: Path, parent: int, last: bytes) -> None:
        try:
            make_folder(parent, last)
        except FileExistsError:
            # Merged: it gets what the archive says of it.
            pass
        set_owner_and_mode(entry, self.tree.folder(path))
        self._times[path] = entry.mtime_ns

    def _symlink(self, entry: Entry, name: bytes, parent: int, last: bytes) -> None:
        place = posixpath.join(self._target, name.lstrip(b"/"))
        leads = posixpath.normpath(posixpath.dirname(place) + b"/" + entry.link)
        if not entry.link or b"\0" in entry.link:
            raise ArchiveError(f"invalid link {entry.shown}: its target is empty or has a NUL byte")
        if not leads.startswith(self._target):
            raise ArchiveError(f"invalid symlink {quoted(place)} -> {quoted(entry.link)}")
        os.symlink(entry.link, last, dir_fd=parent)

    def _hardlink(self, entry: Entry, name: bytes, parent: int, last: bytes) -> None:
        target = posixpath.normpath(self._target + b"/" + entry.link)
        if b"\0" in target or not target.startswith(self._target.rstrip(b"/") + b"/"):
            raise ArchiveError(f"invalid hardlink {quoted(name)} -> {quoted(entry.link)}")
        parts = _parts(target)
        parent = os.dup(parent)  # finding the target may close it
        try:
            source = self.tree.find(parts[:-1])
            os.link(parts[-1], last, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
        finally:
            os.close(parent)


def _parts(path: bytes) -> Path:
    return tuple(part for part in path.split(b"/") if part not in (b"", b"."))
