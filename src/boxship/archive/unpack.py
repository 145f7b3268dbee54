"""Unpacking a layer into a folder that overlayfs can take as a lower one.

The archive is not trusted: nothing outside the folder is ever read or written, whatever its names and links say.
Whiteouts become overlayfs' (OCI image spec, layer.md, "Whiteouts"; kernel, overlayfs.rst). Needs CAP_CHOWN,
CAP_FOWNER, CAP_MKNOD, CAP_SETFCAP and CAP_SYS_ADMIN (for trusted.* attributes).
"""

from __future__ import annotations

import errno
import os
import stat

from boxship.archive import entry as kinds
from boxship.archive.attributes import set_by_name, set_owner_and_mode, set_xattr, times_of
from boxship.archive.content import write_content
from boxship.archive.entry import ArchiveError, Entry, components, quoted
from boxship.archive.overlay import OPAQUE, OPAQUE_WHITEOUT, WHITEOUT, is_whiteout
from boxship.archive.reader import TarReader
from boxship.archive.tree import Path, Tree, make_folder

_META = b".wh..wh."
_DEFAULT_LIST = b"system.posix_acl_default"
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def unpack(reader: TarReader, root: int) -> int:
    """Unpack a whole archive into the empty folder whose fd is `root`; the size of its files in bytes.

    The size is counted as Docker counts it: files and links with their length, several names of one file once.
    The root itself keeps its owner and mode, as with Docker. ArchiveError when the archive is damaged, hostile, or
    asks for what the file system can't do; the folder is then half full and the caller's to remove.
    """
    unpacker = _Unpacker(reader, Tree(root))
    try:
        for entry in reader:
            unpacker.add(entry)
        unpacker.finish_folders()
    finally:
        unpacker.tree.close()
    return unpacker.size


class _Unpacker:
    def __init__(self, reader: TarReader, tree: Tree) -> None:
        self.reader = reader
        self.tree = tree
        self.size = 0
        self._folder_times: dict[Path, int] = {}
        self._default_lists: dict[Path, bytes] = {}

    def add(self, entry: Entry) -> None:
        try:
            path = components(entry.path)
        except ValueError as error:
            raise ArchiveError(f"invalid entry name {entry.shown}: it {error}") from error
        if not path:
            return
        try:
            if path[-1].startswith(WHITEOUT):
                self._whiteout(entry, path)
            elif not any(part.startswith(_META) for part in path):  # aufs kept its own notes in such folders
                self._make(entry, path)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ArchiveError(f"cannot unpack {entry.shown}: {reason}") from error

    def finish_folders(self) -> None:
        """Last of all: making a file changes the time of its folder, and gives it the folder's default access list."""
        for path, value in self._default_lists.items():
            if (fd := self._still(path)) >= 0:
                try:
                    set_xattr(fd, _DEFAULT_LIST, value)
                except OSError as error:
                    raise ArchiveError(f"cannot unpack {quoted(b'/'.join(path))}: {error.strerror}") from error
        for path, mtime_ns in self._folder_times.items():
            if (fd := self._still(path)) >= 0:
                os.utime(fd, ns=times_of(mtime_ns))

    def _still(self, path: Path) -> int:
        """The folder's descriptor, -1 when a later entry replaced one on the way."""
        try:
            return self.tree.find(path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                raise
            return -1

    def _whiteout(self, entry: Entry, path: Path) -> None:
        name = path[-1]
        if name == OPAQUE_WHITEOUT:
            os.setxattr(self.tree.folder(path[:-1]), OPAQUE, b"y")
            return
        if name.startswith(_META):
            return
        hidden = name[len(WHITEOUT) :]
        if hidden in (b"", b".", b".."):
            raise ArchiveError(f"invalid whiteout entry {entry.shown}")
        parent = self.tree.folder(path[:-1])
        try:
            status = os.lstat(hidden, dir_fd=parent)
        except FileNotFoundError:
            os.mknod(hidden, stat.S_IFCHR, 0, dir_fd=parent)
            return
        # A whiteout hides what lower layers have, not what this layer brings, in whatever order they come.
        if stat.S_ISDIR(status.st_mode):
            os.setxattr(self.tree.folder((*path[:-1], hidden)), OPAQUE, b"y")

    def _make(self, entry: Entry, path: Path) -> None:
        parent, name = self.tree.folder(path[:-1]), path[-1]
        kind = entry.kind
        if kind == kinds.FOLDER:
            self._folder(entry, path, parent, name)
            return
        self._folder_times.pop(path, None)
        self._default_lists.pop(path, None)
        if kind == kinds.HARDLINK:
            self._hardlink(entry, parent, name)
            return
        if kind == kinds.FILE:
            self._file(entry, parent, name)
            return
        self._clear(parent, name)
        if kind == kinds.SYMLINK:
            if not entry.link or b"\0" in entry.link:
                raise ArchiveError(f"invalid link {entry.shown}: its target is empty or has a NUL byte")
            os.symlink(entry.link, name, dir_fd=parent)
            self.size += len(entry.link)
        elif kind == kinds.FIFO:
            os.mkfifo(name, 0o600, dir_fd=parent)
        elif kind in (kinds.CHARACTER, kinds.BLOCK):
            form = stat.S_IFCHR if kind == kinds.CHARACTER else stat.S_IFBLK
            os.mknod(name, form | 0o600, os.makedev(entry.major, entry.minor), dir_fd=parent)
        else:
            raise ArchiveError(f"cannot unpack {entry.shown}: unknown tar entry type {kind:#04x}")
        set_by_name(entry, parent, name)

    def _file(self, entry: Entry, parent: int, name: bytes) -> None:
        try:
            fd = os.open(name, _NEW_FILE, 0o600, dir_fd=parent)
        except FileExistsError:
            self._clear(parent, name)
            fd = os.open(name, _NEW_FILE, 0o600, dir_fd=parent)
        try:
            write_content(self.reader, entry, fd)
            self.size += entry.size
            set_owner_and_mode(entry, fd)
            os.utime(fd, ns=times_of(entry.mtime_ns))
        finally:
            os.close(fd)

    def _folder(self, entry: Entry, path: Path, parent: int, name: bytes) -> None:
        try:
            status = os.lstat(name, dir_fd=parent)
        except FileNotFoundError:
            make_folder(parent, name)
        else:
            if not stat.S_ISDIR(status.st_mode):
                self._clear(parent, name)
                make_folder(parent, name, opaque=is_whiteout(status))
        if (given := entry.xattrs.pop(_DEFAULT_LIST, None)) is not None:
            self._default_lists[path] = given
        fd = self.tree.folder(path)
        set_owner_and_mode(entry, fd)
        self._folder_times.pop(path, None)  # of two names for one folder, the one that came last counts
        self._folder_times[path] = entry.mtime_ns

    def _hardlink(self, entry: Entry, parent: int, name: bytes) -> None:
        try:
            target = components(entry.link)
        except ValueError as error:
            raise ArchiveError(f"invalid hardlink target {quoted(entry.link)}: it {error}") from error
        if not target:
            raise ArchiveError(f"invalid hardlink target {quoted(entry.link)}: it is no file")
        parent = os.dup(parent)  # finding the target may close it
        try:
            status = os.lstat(target[-1], dir_fd=self.tree.find(target[:-1]))
            if _is(status, parent, name):
                return  # already that very file
            if is_whiteout(status):
                raise FileNotFoundError
            self._clear(parent, name)
            source = self.tree.find(target[:-1])
            os.link(target[-1], name, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError as error:
            raise ArchiveError(
                f"cannot link {entry.shown} to {quoted(entry.link)}: this layer has no such file"
            ) from error
        finally:
            os.close(parent)

    def _clear(self, parent: int, name: bytes) -> None:
        # A later entry of the same name replaces the earlier one.
        try:
            self.size -= self.tree.remove(parent, name)
        except FileNotFoundError:
            pass


def _is(status: os.stat_result, parent: int, name: bytes) -> bool:
    try:
        other = os.lstat(name, dir_fd=parent)
    except FileNotFoundError:
        return False
    return (other.st_dev, other.st_ino) == (status.st_dev, status.st_ino)
