"""openat2(2): open a path that may never lead out of a folder (Linux ≥ 5.6)."""

from __future__ import annotations

import errno
import os
import struct

from boxship.kernel.libc import syscall

# linux/openat2.h
RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
RESOLVE_IN_ROOT = 0x10

# The kernel answers EAGAIN when something anywhere was renamed while it walked a "..": try again (man page).
_TRIES = 256


def openat2(folder: int, path: bytes, flags: int, *, resolve: int, mode: int = 0) -> int:
    """Open `path`, taken from the folder that the fd `folder` is; a new fd, close-on-exec.

    resolve: RESOLVE_* of linux/openat2.h. With RESOLVE_IN_ROOT the folder is the root: absolute paths,
    absolute link targets and ".." stay inside. mode: of a file that O_CREAT makes. OSError as the kernel
    gives it.
    """
    if b"\0" in path:
        # It would end there.
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), os.fsdecode(path))
    how = struct.pack("=QQQ", flags | os.O_CLOEXEC, mode, resolve)
    for _ in range(_TRIES):
        try:
            return syscall("openat2", folder, path, how, 24)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EINTR):
                raise
    raise OSError(errno.EAGAIN, "openat2: the tree is renamed without end", os.fsdecode(path))
