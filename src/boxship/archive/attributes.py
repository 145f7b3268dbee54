"""What an archive says of a file beside its content: owner, mode, extended attributes, time."""

from __future__ import annotations

import errno
import os

from boxship.archive import entry as kinds
from boxship.archive.entry import Entry

# What overlayfs keeps for itself: an archive that brings these could hide or redirect folders.
_PRIVATE_XATTRS = (b"trusted.overlay.", b"user.overlay.")


def set_owner_and_mode(entry: Entry, fd: int) -> None:
    """Give an open file or folder its owner, mode and attributes; times are set last, by the caller. OSError."""
    # Owner first: chown(2) takes setuid, setgid and the file capabilities away.
    os.fchown(fd, entry.uid, entry.gid)
    os.fchmod(fd, entry.mode)
    if entry.xattrs:
        _set_xattrs(entry, fd)


def set_by_name(entry: Entry, parent: int, name: bytes) -> None:
    """All of it for links, pipes and devices: they can't be opened to do this. OSError."""
    os.chown(name, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
    if entry.kind != kinds.SYMLINK:
        os.chmod(name, entry.mode, dir_fd=parent)
    if entry.xattrs:
        # setxattr(2) takes no folder, and a worker has no /proc to name one by.
        here = os.open(b".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fchdir(parent)
            _set_xattrs(entry, b"./" + name)
        finally:
            os.fchdir(here)
            os.close(here)
    os.utime(name, ns=times_of(entry.mtime_ns), dir_fd=parent, follow_symlinks=False)


def set_xattr(target: int | bytes, name: bytes, value: bytes) -> None:
    """Set one extended attribute of an open file, or of a path whose last link is not followed. OSError.

    What the file system has no place for is left out, as Docker does; capabilities are more than a note.
    """
    try:
        if isinstance(target, int):
            os.setxattr(target, name, value)
        else:
            os.setxattr(target, name, value, follow_symlinks=False)
    except OSError as error:
        if error.errno != errno.ENOTSUP or name == b"security.capability":
            raise


def _set_xattrs(entry: Entry, target: int | bytes) -> None:
    for name, value in entry.xattrs.items():
        if not name.startswith(_PRIVATE_XATTRS):
            set_xattr(target, name, value)


def times_of(mtime_ns: int) -> tuple[int, int]:
    """Both times for utimensat(2), from an entry's.

    It takes signed 64-bit seconds; what no file system holds becomes the epoch, as with Docker.
    """
    ns = mtime_ns if -(2**62) < mtime_ns < 2**62 else 0
    return ns, ns
