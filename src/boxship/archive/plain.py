"""A folder of the host as the place that an archive is extracted to, on behalf of the person whose folder it is."""

from __future__ import annotations

import os
import stat

from boxship.archive.entry import ArchiveError, quoted

Path = tuple[bytes, ...]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DEEPEST = 500


class PlainFolders:
    """Folders below a root, found step by step without following any link: an archive can't lead out of the root.

    A link where a folder is wanted is an error. Made folders are of mode 0755.
    """

    def __init__(self, root: int) -> None:
        """`root` is the descriptor of a folder; it stays the caller's."""
        self._root = root
        self._path: Path = ()
        self._fd = os.dup(root)
        self._stale = False

    def close(self) -> None:
        """Close what is kept open."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def folder(self, path: Path) -> int:
        """A folder, made with all that is missing above it. ArchiveError for a link on the way, OSError."""
        return self._walk(path, make=True)

    def find(self, path: Path) -> int:
        """A folder that is there. ArchiveError for a link on the way, OSError."""
        return self._walk(path, make=False)

    def make(self, parent: int, name: bytes) -> None:
        """Make a folder. FileExistsError when there is anything."""
        os.mkdir(name, 0o755, dir_fd=parent)

    def remove(self, parent: int, name: bytes, depth: int = 0) -> int:
        """Remove whatever `name` is, with all that it holds."""
        self._stale = True
        if not stat.S_ISDIR(os.lstat(name, dir_fd=parent).st_mode):
            os.unlink(name, dir_fd=parent)
            return 0
        if depth > _DEEPEST:
            raise ArchiveError(f"cannot replace {quoted(name)}: the folder is too deep")
        fd = os.open(name, _FOLDER, dir_fd=parent)
        try:
            for child in os.listdir(fd):
                self.remove(fd, os.fsencode(child), depth + 1)
        finally:
            os.close(fd)
        os.rmdir(name, dir_fd=parent)
        return 0

    def _walk(self, path: Path, *, make: bool) -> int:
        # Entries come folder by folder: mostly it is the folder of the one before, or one more step.
        if self._stale:
            self.close()
            self._path, self._fd, self._stale = (), os.dup(self._root), False
        if path == self._path:
            return self._fd
        start = self._path if path[: len(self._path)] == self._path else ()
        here = os.dup(self._fd if start else self._root)
        try:
            for name in path[len(start) :]:
                below = self._step(here, name, path, make)
                os.close(here)
                here = below
        except BaseException:
            os.close(here)
            raise
        self.close()
        self._path, self._fd = path, here
        return here

    def _step(self, here: int, name: bytes, path: Path, make: bool) -> int:
        try:
            return os.open(name, _FOLDER, dir_fd=here)
        except FileNotFoundError:
            if not make:
                raise
            self.make(here, name)
            return os.open(name, _FOLDER, dir_fd=here)
        except NotADirectoryError:
            # O_DIRECTORY comes first: so a link is told, too.
            raise ArchiveError(f"cannot make {quoted(b'/'.join(path))}: {quoted(name)} is no folder") from None
