"""Paths as the archive verbs of the API take them: found inside a root, described as Go describes files.

The rules are those of Docker's `docker cp`: a path is cleaned as text first (so `/a/..` is `/` whatever `/a` is), and
what it ends with counts: `/x/` and `/x/.` follow a link that `/x` is, and want a folder.
"""

from __future__ import annotations

import os
import posixpath
import stat

from boxship.archive.entry import ArchiveError
from boxship.kernel.openat2 import RESOLVE_IN_ROOT, openat2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Go's os.FileMode (io/fs, FileMode): the bits of the API's mode.
_KINDS = {
    stat.S_IFDIR: 1 << 31,
    stat.S_IFLNK: 1 << 27,
    stat.S_IFBLK: 1 << 26,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
    stat.S_IFIFO: 1 << 25,
    stat.S_IFSOCK: 1 << 24,
}
_BITS = ((stat.S_ISUID, 1 << 23), (stat.S_ISGID, 1 << 22), (stat.S_ISVTX, 1 << 20))
# So many links does Docker follow in one path.
_MOST_LINKS = 255


def clean(path: bytes) -> bytes:
    """The path from the root, cleaned; a slash or `/.` at its end stays."""
    result = posixpath.normpath(b"/" + path.lstrip(b"/"))
    if posixpath.basename(path) == b".":
        return result.rstrip(b"/") + b"/."
    if path.endswith(b"/") and result != b"/":
        return result + b"/"
    return result


def base(path: bytes) -> bytes:
    """The last part of a cleaned path; `/` for the root."""
    return path.rstrip(b"/").rpartition(b"/")[2] or b"/"


def find(root: int, path: bytes, flags: int = 0) -> int:
    """A descriptor of what a cleaned path names below the fd `root`, a link itself unless more follows it. OSError.

    flags: O_PATH unless given.
    """
    return openat2(root, path, (flags or os.O_PATH) | os.O_NOFOLLOW, resolve=RESOLVE_IN_ROOT)


def describe(root: int, path: bytes) -> dict[str, Any]:
    """What a cleaned path names, as the API describes it (ContainerPathStat), with mtime_ns in place of mtime.

    OSError as lstat(2), ArchiveError for a link without an end.
    """
    fd = find(root, path)
    try:
        status = os.fstat(fd)
    finally:
        os.close(fd)
    target = follow(root, path) if stat.S_ISLNK(status.st_mode) else b""
    return {
        "name": os.fsdecode(base(path)),
        "size": status.st_size,
        "mode": go_mode(status.st_mode),
        "mtime_ns": status.st_mtime_ns,
        "linkTarget": os.fsdecode(target),
    }


def go_mode(mode: int) -> int:
    """The mode of stat(2) as Go's os.FileMode."""
    result = stat.S_IMODE(mode) & 0o777 | _KINDS.get(stat.S_IFMT(mode), 0)
    for bit, theirs in _BITS:
        if mode & bit:
            result |= theirs
    return result


def follow(root: int, path: bytes) -> bytes:
    """Where a path leads when every link is followed, as far as there is something. ArchiveError for endless ones."""
    done: list[bytes] = []
    todo = [part for part in reversed(path.split(b"/")) if part not in (b"", b".")]
    links = 0
    while todo:
        part = todo.pop()
        if part == b"..":
            del done[-1:]
            continue
        target = _link(root, b"/".join([*done, part]))
        if target is None:
            done.append(part)
            continue
        links += 1
        if links > _MOST_LINKS:
            # As Docker words it.
            raise ArchiveError(f"evalSymlinksInScope: too many links in {os.fsdecode(path)}")
        if target.startswith(b"/"):
            done = []
        todo += [piece for piece in reversed(target.split(b"/")) if piece not in (b"", b".")]
    return b"/" + b"/".join(done)


def _link(root: int, path: bytes) -> bytes | None:
    try:
        fd = find(root, path)
    except OSError:
        # Nothing is there, or it is below a file.
        return None
    try:
        return os.readlink(b"", dir_fd=fd) if stat.S_ISLNK(os.fstat(fd).st_mode) else None
    finally:
        os.close(fd)
