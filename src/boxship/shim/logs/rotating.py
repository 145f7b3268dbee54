"""A file that is appended to and, at a size, becomes `path.1`; its predecessors move on to `path.2` and so
on.

A crash at any instant leaves each file under one of the names: renames go from the oldest to the newest, and
the next rotation fills the hole that a crash left. A reader that holds a file open keeps what it has: files
are renamed and unlinked, never emptied.
"""

from __future__ import annotations

import errno
import fcntl
import os

from boxship.lib.logframe import GZIP_SUFFIX

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
# As Docker's: the group may be given access to logs, nobody else.
_MODE = 0o640


class RotatingFile:
    """Appends whole records or nothing. size: bytes in the current file.

    max_size 0: never rotated. max_file: how many files there may be, the current one included. has_older: there
    were older files when this one was opened.
    """

    def __init__(self, path: str, max_size: int, max_file: int) -> None:
        self.path = path
        self.max_size = max_size
        self.max_file = max(max_file, 1)
        self.size = 0
        self._fd = -1
        self._dirty = False
        self._open()
        self.has_older = self._find_older()
        if self.has_older:
            self._drop_surplus()

    @property
    def fd(self) -> int:
        """The open file, -1 while none could be opened."""
        return self._fd

    def _open(self) -> None:
        self._fd = os.open(self.path, _FLAGS, _MODE)
        self.size = os.fstat(self._fd).st_size

    def _find_older(self) -> bool:
        # One look at the folder instead of many at files that are not there: each of those would raise, and an
        # exception touches memory that a monitor otherwise shares with the zygote (some 200 KB).
        folder, name = os.path.split(self.path)
        prefix = f"{name}."
        return any(entry.startswith(prefix) for entry in os.listdir(folder or "."))

    def append(self, parts: tuple[bytes, ...], size: int) -> int:
        """Write `parts`, `size` bytes in all. The errno of a failure, after which none of them is in the
        file; 0 when all are.
        """
        try:
            if self._fd < 0:
                self._open()
            if self._dirty:
                os.ftruncate(self._fd, self.size)
                self._dirty = False
            written = os.writev(self._fd, parts)
        except OSError as error:
            # EFBIG is RLIMIT_FSIZE; Python ignores its SIGXFSZ.
            return error.errno or errno.EIO
        if written == size:
            self.size += size
            return 0
        # The disk filled up within the record. The kernel does not say so until the next write.
        self._dirty = True
        try:
            os.ftruncate(self._fd, self.size)
            self._dirty = False
        except OSError as error:
            return error.errno or errno.EIO
        return errno.ENOSPC

    def truncate(self, size: int) -> None:
        """Cut off what a crash left after the last whole record. OSError."""
        os.ftruncate(self._fd, size)
        self.size = size

    def rotate(self) -> bool:
        """Let the next append begin a new file. False when that failed: the old file stays in use, beyond its
        limit rather than without what the container says.
        """
        try:
            self._shift()
        except OSError:
            if os.path.lexists(self.path):
                return False
        # The old file has another name now: nothing more may be put at its end.
        self.close()
        try:
            self._open()
        except OSError:
            # The next append tries again.
            pass
        return True

    def _shift(self) -> None:
        # Held for the length of some renames, also by who compresses old files.
        folder = os.open(os.path.dirname(self.path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            hole = 1
            while hole < self.max_file and self._names(hole):
                hole += 1
            if hole >= self.max_file:
                hole = self.max_file - 1
                for name in self._names(hole) if hole else (self.path,):
                    os.unlink(name)
            for number in range(hole, 1, -1):
                for name in self._names(number - 1):
                    suffix = GZIP_SUFFIX if name.endswith(GZIP_SUFFIX) else ""
                    os.rename(name, f"{self.path}.{number}{suffix}")
            if hole:
                os.rename(self.path, f"{self.path}.1")
        finally:
            os.close(folder)

    def _names(self, number: int) -> list[str]:
        """The files that are there with this number: plain, compressed, after a crash both."""
        plain = f"{self.path}.{number}"
        return [name for name in (plain, plain + GZIP_SUFFIX) if os.path.lexists(name)]

    def _drop_surplus(self) -> None:
        """Remove files that an earlier, larger max_file left."""
        number = self.max_file
        while names := self._names(number):
            for name in names:
                try:
                    os.unlink(name)
                except OSError:
                    return
            number += 1

    def close(self) -> None:
        """Give the file up; `append` would open it again."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
        self.size = 0
        self._dirty = False
