"""A folder as the root of an archive's paths: no path and no link in it ever leads out."""

from __future__ import annotations

import errno
import os
import stat

from boxship.archive.entry import ArchiveError, quoted
from boxship.archive.overlay import OPAQUE, is_whiteout
from boxship.kernel.openat2 import RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, openat2

Path = tuple[bytes, ...]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# path_resolution(7): the kernel follows as many links before it gives up with ELOOP
_MOST_LINKS = 40
_MOST_OPEN = 64
_DEEPEST = 200


class Tree:
    """Folders below a root, by path; links on the way are followed as if the root were `/`."""

    def __init__(self, root: int) -> None:
        """`root` is the fd of a folder; it stays the caller's."""
        self.root = root
        self._open: dict[Path, int] = {}
        self._stale = False

    def close(self) -> None:
        """Close the folders that are kept open."""
        for fd in self._open.values():
            os.close(fd)
        self._open.clear()
        self._stale = False

    def folder(self, path: Path) -> int:
        """The fd of a folder, which is made with all that is missing above it. Good until the next call.

        Made folders have mode 0755 and belong to root, as Docker makes them. ArchiveError when something on the
        way is no folder.
        """
        try:
            return self.find(path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                raise
        return self._keep(path, self._make(path))

    def find(self, path: Path) -> int:
        """The fd of a folder that is there, good until the next call. OSError as the kernel gives it."""
        if not path:
            return self.root
        if self._stale:
            self.close()
        fd = self._open.get(path)
        if fd is not None:
            return fd
        flags = os.O_RDONLY | os.O_DIRECTORY
        return self._keep(path, openat2(self.root, b"/".join(path), flags, resolve=RESOLVE_IN_ROOT))

    def make(self, parent: int, name: bytes) -> None:
        """Make a folder as `folder` does. FileExistsError when there is anything."""
        make_folder(parent, name)

    def _keep(self, path: Path, fd: int) -> int:
        if len(self._open) >= _MOST_OPEN:
            self.close()
        self._open[path] = fd
        return fd

    def remove(self, parent: int, name: bytes, depth: int = 0) -> int:
        """Remove whatever `name` is, folders with all they hold; the bytes of files that went (see `weight`)."""
        status = os.lstat(name, dir_fd=parent)
        if not stat.S_ISDIR(status.st_mode):
            # Folders may have been opened through the link; the caller still uses `parent`, so they close later.
            self._stale = self._stale or stat.S_ISLNK(status.st_mode)
            os.unlink(name, dir_fd=parent)
            return weight(status)
        if depth > _DEEPEST:
            raise ArchiveError(f"cannot replace {quoted(name)}: the folder is too deep")
        self._stale = True
        gone = 0
        fd = os.open(name, _FOLDER, dir_fd=parent)
        try:
            for child in os.listdir(fd):
                gone += self.remove(fd, os.fsencode(child), depth + 1)
        finally:
            os.close(fd)
        os.rmdir(name, dir_fd=parent)
        return gone

    def _make(self, path: Path) -> int:
        # Component by component, the links resolved by hand: one that points to what is not there yet means that
        # its target is to be made. `done` never holds a link, and each step opens it anew without following any.
        todo = list(reversed(path))
        done: list[bytes] = []
        links = 0
        here = os.dup(self.root)
        try:
            while todo:
                name = todo.pop()
                if name == b"..":
                    done = done[:-1]
                else:
                    target = self._step(here, name, path)
                    if target is None:
                        done.append(name)
                    else:
                        links += 1
                        if links > _MOST_LINKS:
                            raise ArchiveError(f"cannot make {quoted(b'/'.join(path))}: too many links")
                        if target.startswith(b"/"):
                            done = []
                        todo += [part for part in reversed(target.split(b"/")) if part not in (b"", b".")]
                os.close(here)
                here = -1
                here = openat2(
                    self.root,
                    b"/".join(done) or b".",
                    _FOLDER,
                    resolve=RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
                )
            result, here = here, -1
            return result
        finally:
            if here >= 0:
                os.close(here)

    def _step(self, here: int, name: bytes, path: Path) -> bytes | None:
        # None when `name` is a folder now, the target when it is a link.
        try:
            status = os.lstat(name, dir_fd=here)
        except FileNotFoundError:
            make_folder(here, name)
            return None
        if stat.S_ISDIR(status.st_mode):
            return None
        if stat.S_ISLNK(status.st_mode):
            return os.readlink(name, dir_fd=here)
        if is_whiteout(status):
            os.unlink(name, dir_fd=here)
            make_folder(here, name, opaque=True)
            return None
        raise ArchiveError(f"cannot make {quoted(b'/'.join(path))}: {quoted(name)} is no folder")


def make_folder(parent: int, name: bytes, *, opaque: bool = False) -> None:
    """Make a folder with mode 0755, owned by root. opaque: it hides the folder of lower layers."""
    os.mkdir(name, 0o755, dir_fd=parent)
    fd = os.open(name, _FOLDER, dir_fd=parent)
    try:
        os.fchown(fd, 0, 0)  # a parent with setgid would hand its group down
        os.fchmod(fd, 0o755)  # nor does the umask count
        if opaque:
            os.setxattr(fd, OPAQUE, b"y")
    finally:
        os.close(fd)


def weight(status: os.stat_result) -> int:
    """The bytes that removing a name frees, counted as Docker counts an image's size.

    Files and links count with their length, once however many names they have.
    """
    counts = stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)
    return status.st_size if counts and status.st_nlink == 1 else 0
