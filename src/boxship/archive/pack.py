"""Files and folders as a tar archive, while their owner may change them.

No link is followed; each file is opened once, looked at and read through that one descriptor.
"""

from __future__ import annotations

import errno
import os
import stat

from boxship.archive import entry as kinds
from boxship.archive.entry import ArchiveError, Entry
from boxship.archive.overlay import OPAQUE_WHITEOUT, WHITEOUT, is_opaque, is_whiteout
from boxship.archive.writer import END, header

# A path of the kernel's longest (PATH_MAX) has no more parts.
_DEEPEST = 2048
_CHUNK = 1 << 20
_BATCH = 1 << 16
_SPLICED = 1 << 17
_BLOCK = 512
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KINDS = {
    stat.S_IFREG: kinds.FILE,
    stat.S_IFDIR: kinds.FOLDER,
    stat.S_IFLNK: kinds.SYMLINK,
    stat.S_IFCHR: kinds.CHARACTER,
    stat.S_IFBLK: kinds.BLOCK,
    stat.S_IFIFO: kinds.FIFO,
}
# Went away between the listing of its folder and now.
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE)


class Packer:
    """Writes entries to a descriptor, small ones together.

    layer: the folders are an overlay's writable layer; what it hides of lower ones becomes whiteouts, and times keep
    their nanoseconds, which Docker drops.
    """

    def __init__(self, out: int, *, layer: bool = False) -> None:
        self._out = out
        self._layer = layer
        self._pending = bytearray()
        self._seen: dict[tuple[int, int], bytes] = {}
        self._zeros = memoryview(bytes(_CHUNK))

    def raw(self, data: bytes) -> None:
        """Bytes as they are, before the archive."""
        self._write(data)

    def member(self, parent: int, child: bytes, name: bytes) -> None:
        """What `child` is in the folder `parent`, under a name; of a folder, all that it holds. OSError, ArchiveError.

        FileNotFoundError when it is not there.
        """
        os.lstat(child, dir_fd=parent)
        fd = self._add(parent, child, name)
        if fd >= 0:
            self._below(fd, name)

    def folder(self, fd: int, name: bytes | None) -> None:
        """A folder with all that it holds; `fd` is closed. name: what stands before its members', None for nothing
        and no entry of its own. ArchiveError when it is deeper than any path can be.
        """
        if name is not None:
            self._folder(fd, name)
        self._below(fd, name)

    def _below(self, fd: int, name: bytes | None) -> None:
        stack = [(fd, b"" if name is None else name.rstrip(b"/") + b"/", self._names(fd))]
        try:
            while stack:
                parent, prefix, names = stack[-1]
                if not names:
                    os.close(stack.pop()[0])
                    continue
                child = names.pop()
                below = self._add(parent, child, prefix + child)
                if below >= 0:
                    if len(stack) >= _DEEPEST:
                        os.close(below)
                        raise ArchiveError("file name too long: the folders are nested too deep")
                    stack.append((below, prefix + child + b"/", self._names(below)))
        finally:
            for opened, _, _ in stack:
                os.close(opened)

    def end(self) -> None:
        """The archive is whole."""
        self._pending += END
        self._flush()

    @staticmethod
    def _names(fd: int) -> list[bytes]:
        return sorted(map(os.fsencode, os.listdir(fd)), reverse=True)

    def _add(self, parent: int, child: bytes, name: bytes) -> int:
        """One member of a folder; the descriptor of a folder, whose members are to follow, else -1."""
        form = 0
        try:
            status = os.lstat(child, dir_fd=parent)
            form = stat.S_IFMT(status.st_mode)
            if form == stat.S_IFDIR:
                fd = os.open(child, _FOLDER, dir_fd=parent)
                self._folder(fd, name)
                return fd
            if form == stat.S_IFSOCK:
                return -1
            if self._layer and is_whiteout(status):
                self._whiteout(name[: -len(child)] + WHITEOUT + child, status)
                return -1
            if status.st_nlink > 1 and self._linked(status, name):
                return -1
            if form == stat.S_IFREG:
                fd = os.open(child, _FILE, dir_fd=parent)
                try:
                    self._file(fd, name)
                finally:
                    os.close(fd)
            elif form == stat.S_IFLNK:
                self._link(os.readlink(child, dir_fd=parent), name, status)
            else:
                self._put(_entry(name, status))
        except OSError as error:
            # EINVAL: a link that is none any more (readlink(2)).
            if error.errno not in _GONE and (form, error.errno) != (stat.S_IFLNK, errno.EINVAL):
                error.filename = os.fsdecode(name)
                raise
        return -1

    def _linked(self, status: os.stat_result, name: bytes) -> bool:
        key = (status.st_dev, status.st_ino)
        first = self._seen.setdefault(key, name)
        if first is name:
            return False
        entry = _entry(name, status)
        entry.kind = kinds.HARDLINK
        entry.link = first
        entry.stored = 0
        self._put(entry)
        return True

    def _folder(self, fd: int, name: bytes) -> None:
        status = os.fstat(fd)
        entry = _entry(name if name.endswith(b"/") else name + b"/", status)
        entry.xattrs = _xattrs(fd)
        self._put(entry)
        if self._layer and is_opaque(fd):
            self._whiteout(entry.path + OPAQUE_WHITEOUT, status)

    def _whiteout(self, name: bytes, status: os.stat_result) -> None:
        entry = _entry(name, status)
        entry.kind, entry.mode = kinds.FILE, 0o600
        entry.major = entry.minor = 0
        self._put(entry)

    def _link(self, target: bytes, name: bytes, status: os.stat_result) -> None:
        entry = _entry(name, status)
        entry.link = target
        self._put(entry)

    def _file(self, fd: int, name: bytes) -> None:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return  # it was replaced since it was looked at
        entry = _entry(name, status)
        entry.stored = status.st_size
        entry.xattrs = _xattrs(fd)
        self._put(entry)
        left = self._splice(fd, status) if status.st_size >= _SPLICED else status.st_size
        while left:
            data = os.read(fd, min(left, _CHUNK))
            if not data:
                break
            left -= len(data)
            self._write(data)
        # What a file has lost while it was read is made up for: its size stands in the header already.
        self._fill(left + -status.st_size % _BLOCK)

    def _splice(self, fd: int, status: os.stat_result) -> int:
        """The file's pages go to the pipe uncopied, its holes as zeros; how much is left."""
        self._flush()
        position, size = 0, status.st_size
        sparse = status.st_blocks * 512 < size
        while position < size:
            stop = size
            if sparse:
                start, stop = _data(fd, position, size)
                self._fill(start - position)
                self._flush()
                position = start
            while position < stop:
                try:
                    sent = os.splice(fd, self._out, min(stop - position, _CHUNK), offset_src=position)
                except OSError as error:
                    if error.errno != errno.EINVAL:
                        raise
                    sent = 0  # a file system that can't do this
                if not sent:
                    os.lseek(fd, position, os.SEEK_SET)
                    return size - position
                position += sent
        return 0

    def _put(self, entry: Entry) -> None:
        self._write(header(entry, exact=self._layer))

    def _fill(self, size: int) -> None:
        while size > 0:
            part = self._zeros[: min(size, _CHUNK)]
            self._write(part)
            size -= len(part)

    def _write(self, data: bytes | memoryview) -> None:
        self._pending += data
        if len(self._pending) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        with memoryview(self._pending) as view:
            position = 0
            while position < len(view):
                position += os.write(self._out, view[position:])
        self._pending.clear()


def _entry(name: bytes, status: os.stat_result) -> Entry:
    entry = Entry(name, _KINDS.get(stat.S_IFMT(status.st_mode), kinds.FILE))
    entry.mode = stat.S_IMODE(status.st_mode)
    entry.uid, entry.gid = status.st_uid, status.st_gid
    entry.mtime_ns = status.st_mtime_ns
    if entry.kind in (kinds.CHARACTER, kinds.BLOCK):
        entry.major, entry.minor = os.major(status.st_rdev), os.minor(status.st_rdev)
    return entry


def _xattrs(fd: int) -> dict[bytes, bytes]:
    """What users set, and file capabilities; the rest belongs to the machine that the file is on."""
    found = {}
    try:
        names = os.listxattr(fd)
    except OSError:
        return {}
    for name in names:
        if (name.startswith("user.") and not name.startswith("user.overlay.")) or name == "security.capability":
            try:
                found[os.fsencode(name)] = os.getxattr(fd, name)
            except OSError:
                continue  # taken away meanwhile
    return found


def _data(fd: int, position: int, size: int) -> tuple[int, int]:
    """Where the next data of a file with holes starts and ends (lseek(2), SEEK_DATA)."""
    try:
        start = os.lseek(fd, position, os.SEEK_DATA)
        stop = os.lseek(fd, start, os.SEEK_HOLE)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return size, size
    return min(start, size), min(stop, size)
