"""Mounting an EROFS index whose data lies in further files (kernel, filesystems/erofs.rst)."""

from __future__ import annotations

import os

from boxship.kernel import loop, mount

# fsconfig(2) takes strings of up to this many bytes.
_LONGEST = 255

_ATTRIBUTES = mount.MOUNT_ATTR_RDONLY | mount.MOUNT_ATTR_NOSUID | mount.MOUNT_ATTR_NODEV


def mount_files(index: str, devices: list[str], *, direct: bool) -> int:
    """Mount an index whose data lies in the files `devices`, without block devices (Linux ≥ 6.12); detached, its fd.

    direct: read the files past their own page cache; what was read is kept by the mount. OSError: ENODEV without
    EROFS, ENOTBLK where this kernel or the files' file system can't do it.
    """
    held: list[int] = []
    try:
        options: list[tuple[str, str | None]] = [("source", _short(index, held))]
        options += [("device", _short(path, held)) for path in devices]
        if direct:
            options.append(("directio", None))
        return mount.mount_filesystem("erofs", options, _ATTRIBUTES)
    finally:
        for fd in held:
            os.close(fd)


def mount_loop(index: str, devices: list[str], *, direct: bool) -> int:
    """The same by loop devices, one for each file; the kernel takes them back when the mount has gone. OSError."""
    held: list[int] = []
    try:
        names = []
        # Only data is worth the detour: the index is read in small pieces, again and again.
        for path, past_cache in ((index, False), *((path, direct) for path in devices)):
            fd, name = loop.attach(path, direct=past_cache)
            held.append(fd)
            names.append(name)
        # Without "ro" the kernel would open the devices for writing, which these refuse.
        options: list[tuple[str, str | None]] = [("ro", None), ("source", names[0])]
        options += [("device", name) for name in names[1:]]
        return mount.mount_filesystem("erofs", options, _ATTRIBUTES)
    finally:
        for fd in held:
            os.close(fd)


def _short(path: str, held: list[int]) -> str:
    if len(os.fsencode(path)) <= _LONGEST:
        return path
    held.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    return f"/proc/self/fd/{held[-1]}"
