"""What a container has changed in its image's files, from its writable layer and what is below it.

The rules are those of `docker diff`: a file is modified when its type, mode, owner, size or time differ, a folder when
its mode or owner do or when anything in it has changed; what was removed is named once, without what it held.
"""

from __future__ import annotations

import errno
import os
import stat

from boxship.archive.entry import ArchiveError
from boxship.archive.overlay import is_opaque, is_whiteout

MODIFIED, ADDED, DELETED = 0, 1, 2

# Two descriptors a level: below what a worker may have open.
_DEEPEST = 2000
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CAPABILITY = "security.capability"

Change = tuple[str, int]


class _Level:
    """A folder of the writable layer beside the one that it covers, -1 for none.

    start: how many changes there were before it. listed: it is among them already.
    """

    __slots__ = ("listed", "lower", "names", "path", "start", "upper")

    def __init__(self, upper: int, lower: int, path: bytes, start: int, listed: bool) -> None:
        self.upper = upper
        self.lower = lower
        self.path = path
        self.start = start
        self.listed = listed
        self.names = sorted(map(os.fsencode, os.listdir(upper)), reverse=True)

    def close(self) -> None:
        os.close(self.upper)
        if self.lower >= 0:
            os.close(self.lower)


def changes(upper: int, lower: int) -> list[Change]:
    """(path from the root, MODIFIED, ADDED or DELETED) for all that differs, parents first.

    upper, lower: folders; the descriptors are closed. OSError; ArchiveError when the folders are too deep.
    """
    found: list[Change] = []
    levels = [_Level(upper, lower, b"", 0, True)]
    try:
        while levels:
            level = levels[-1]
            if level.names:
                below = _compare(level, level.names.pop(), found)
                if below is not None:
                    levels.append(below)
                    if len(levels) > _DEEPEST:
                        raise ArchiveError("file name too long: the folders are nested too deep")
                continue
            if not level.listed and len(found) > level.start:
                found.insert(level.start, (os.fsdecode(level.path), MODIFIED))
            levels.pop().close()
    finally:
        for level in levels:
            level.close()
    return found


def _compare(level: _Level, name: bytes, found: list[Change]) -> _Level | None:
    """One name of the writable layer; a folder, to go on with."""
    path = level.path + b"/" + name
    text = os.fsdecode(path)
    new = _lstat(level.upper, name)
    if new is None:
        return None  # removed meanwhile
    old = _lstat(level.lower, name) if level.lower >= 0 else None
    if is_whiteout(new):
        if old is not None:
            found.append((text, DELETED))
        return None
    start = len(found)
    if old is None:
        found.append((text, ADDED))
    elif _differ(level, name, old, new):
        found.append((text, MODIFIED))
    if not stat.S_ISDIR(new.st_mode):
        return None
    try:
        upper = os.open(name, _FOLDER, dir_fd=level.upper)
    except OSError:
        return None  # removed or replaced meanwhile
    lower = os.open(name, _FOLDER, dir_fd=level.lower) if old is not None and stat.S_ISDIR(old.st_mode) else -1
    if lower >= 0 and is_opaque(upper):
        present = set(os.listdir(upper))
        found += [(f"{text}/{gone}", DELETED) for gone in sorted(os.listdir(lower)) if gone not in present]
    return _Level(upper, lower, path, start, listed=len(found) > start and found[start][0] == text)


def _differ(level: _Level, name: bytes, old: os.stat_result, new: os.stat_result) -> bool:
    if (old.st_mode, old.st_uid, old.st_gid, old.st_rdev) != (new.st_mode, new.st_uid, new.st_gid, new.st_rdev):
        return True
    if stat.S_ISDIR(new.st_mode):
        # Its size and time say little: making a file in it changes both.
        return False
    if old.st_size != new.st_size or not _same_time(old.st_mtime_ns, new.st_mtime_ns):
        return True
    return stat.S_ISREG(new.st_mode) and _capability(level.lower, name) != _capability(level.upper, name)


def _same_time(old: int, new: int) -> bool:
    # Layers may have lost the part below a second.
    second = 1_000_000_000
    return old == new or (old // second == new // second and 0 in (old % second, new % second))


def _capability(folder: int, name: bytes) -> bytes:
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return b""
    try:
        return os.getxattr(fd, _CAPABILITY)
    except OSError:
        return b""
    finally:
        os.close(fd)


def _lstat(folder: int, name: bytes) -> os.stat_result | None:
    try:
        return os.lstat(name, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        raise
