"""Loop devices: a file as a block device that can only be read (loop(4))."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct

# linux/loop.h
_LOOP_CTL_GET_FREE = 0x4C82
_LOOP_CONFIGURE = 0x4C0A
_LO_FLAGS_READ_ONLY = 1
_LO_FLAGS_AUTOCLEAR = 4
_LO_FLAGS_DIRECT_IO = 16
_LOOP_MAJOR = 7

_SECTOR = 512
# Others take devices, too: a free one may be taken before it is configured.
_TRIES = 64


def attach(path: str, *, direct: bool) -> tuple[int, str]:
    """Make a device of a file: (its descriptor, its path). The kernel takes it back when nobody has it open or mounted.

    direct: read past the page cache of the file where its file system can (the device has one of its own).
    Linux ≥ 5.8. OSError.
    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
        try:
            return _configure_one(file, path, control, direct)
        finally:
            os.close(control)
    finally:
        os.close(file)


def _configure_one(file: int, path: str, control: int, direct: bool) -> tuple[int, str]:
    flags = _LO_FLAGS_READ_ONLY | _LO_FLAGS_AUTOCLEAR | (_LO_FLAGS_DIRECT_IO if direct else 0)
    # struct loop_config: fd, block_size, struct loop_info64 (flags, then the name for losetup), reserved.
    name = os.fsencode(path)[-63:]
    configuration = struct.pack("=II52xI64s96x16x64x", file, _SECTOR, flags, name)
    for _ in range(_TRIES):
        device = _device(fcntl.ioctl(control, _LOOP_CTL_GET_FREE))
        fd = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.ioctl(fd, _LOOP_CONFIGURE, configuration)
            return fd, device
        except OSError as error:
            os.close(fd)
            if error.errno != errno.EBUSY:
                raise
        except BaseException:
            os.close(fd)
            raise
    raise OSError(errno.EBUSY, "each loop device that was free was taken by somebody else", path)


def backing_file(device: str) -> str:
    """The file behind a device such as "/dev/loop3", "" when there is none."""
    try:
        with open(f"/sys/block/{os.path.basename(device)}/loop/backing_file", encoding="utf-8") as file:
            return file.read().rstrip("\n")
    except OSError:
        return ""


def _device(number: int) -> str:
    path = f"/dev/loop{number}"
    if not os.path.exists(path):
        # A /dev that the kernel does not fill.
        try:
            os.mknod(path, stat.S_IFBLK | 0o600, os.makedev(_LOOP_MAJOR, number))
        except FileExistsError:
            pass
    return path
