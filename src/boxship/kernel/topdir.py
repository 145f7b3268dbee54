"""Where ext4 puts new folders (chattr(1), `T`)."""

from __future__ import annotations

import fcntl
import os
import struct

# linux/fs.h; the kernel reads and writes 32 bits, whatever the request's size says.
_FS_IOC_GETFLAGS = 0x80086601
_FS_IOC_SETFLAGS = 0x40086602
_FS_TOPDIR_FL = 0x00020000


def make_top_folder(path: str, mode: int) -> None:
    """Make a folder whose subfolders have nothing to do with each other, such as one of each container.

    ext4 then spreads them over the disk, each with its own files beside it. In one place, every new file would be
    looked for behind all that were deleted there in the last minutes: a file system without a journal gives those
    numbers out again only then (`recently_deleted` in fs/ext4/ialloc.c), which took a fifth of the daemon's time
    when many containers came and went. Other file systems go without. OSError as makedirs.
    """
    os.makedirs(path, mode=mode, exist_ok=True)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flags = struct.unpack_from("=I", fcntl.ioctl(folder, _FS_IOC_GETFLAGS, bytes(8)))[0]
        if not flags & _FS_TOPDIR_FL:
            fcntl.ioctl(folder, _FS_IOC_SETFLAGS, struct.pack("=I4x", flags | _FS_TOPDIR_FL))
    except OSError:
        # It has no such attribute, or its owner may not set it: nothing depends on it.
        pass
    finally:
        os.close(folder)
