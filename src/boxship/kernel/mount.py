"""Mounts by file descriptor: fsopen(2), fsmount(2), open_tree(2), move_mount(2), mount_setattr(2), Linux ≥ 5.12.

A mount is made detached and then moved to its place, so it is never visible half configured, and its place is a
file descriptor that was resolved inside the container's root, so a symbolic link can't lead it elsewhere.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from boxship.kernel.libc import syscall

AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
AT_RECURSIVE = 0x8000
AT_SYMLINK_NOFOLLOW = 0x100

FSOPEN_CLOEXEC = 1
FSMOUNT_CLOEXEC = 1
FSCONFIG_SET_FLAG = 0
FSCONFIG_SET_STRING = 1
FSCONFIG_CMD_CREATE = 6
FSCONFIG_CMD_RECONFIGURE = 7
FSPICK_CLOEXEC = 1
FSPICK_EMPTY_PATH = 8
OPEN_TREE_CLONE = 1
OPEN_TREE_CLOEXEC = 0o2000000
MOVE_MOUNT_F_EMPTY_PATH = 0x4
MOVE_MOUNT_T_EMPTY_PATH = 0x40

MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4
MOUNT_ATTR_NOEXEC = 0x8
MOUNT_ATTR_ATIME = 0x70
MOUNT_ATTR_RELATIME = 0x0
MOUNT_ATTR_NOATIME = 0x10
MOUNT_ATTR_STRICTATIME = 0x20
MOUNT_ATTR_NODIRATIME = 0x80
MOUNT_ATTR_IDMAP = 0x100000
MOUNT_ATTR_NOSYMFOLLOW = 0x200000

# linux/magic.h
PROC_SUPER_MAGIC = 0x9FA0

MS_MOVE = 0x2000
MS_REC = 0x4000
MS_UNBINDABLE = 1 << 17
MS_PRIVATE = 1 << 18
MS_SLAVE = 1 << 19
MS_SHARED = 1 << 20
MNT_DETACH = 2


def mount_filesystem(kind: str, options: list[tuple[str, str | None]], attributes: int = 0) -> int:
    """Make a detached mount of a new superblock; its O_PATH file descriptor.

    options: (key, value) as fsconfig(2) takes them, None for a flag; `source` is one of them.
    attributes: MOUNT_ATTR_*. OSError carries what the kernel's mount log says.
    """
    context = syscall("fsopen", kind.encode(), FSOPEN_CLOEXEC)
    try:
        for key, value in options:
            if value is None:
                syscall("fsconfig", context, FSCONFIG_SET_FLAG, key.encode(), None, 0)
            else:
                syscall("fsconfig", context, FSCONFIG_SET_STRING, key.encode(), os.fsencode(value), 0)
        syscall("fsconfig", context, FSCONFIG_CMD_CREATE, None, None, 0)
        return syscall("fsmount", context, FSMOUNT_CLOEXEC, attributes)
    except OSError as error:
        raise OSError(error.errno, _with_log(context, error)) from None
    finally:
        os.close(context)


def reconfigure(fd: int, options: list[tuple[str, str | None]]) -> None:
    """Change the options of the file system that is mounted at `fd` (fspick(2)), as `mount -o remount` does."""
    context = syscall("fspick", fd, b"", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH)
    try:
        for key, value in options:
            if value is None:
                syscall("fsconfig", context, FSCONFIG_SET_FLAG, key.encode(), None, 0)
            else:
                syscall("fsconfig", context, FSCONFIG_SET_STRING, key.encode(), os.fsencode(value), 0)
        syscall("fsconfig", context, FSCONFIG_CMD_RECONFIGURE, None, None, 0)
    except OSError as error:
        raise OSError(error.errno, _with_log(context, error)) from None
    finally:
        os.close(context)


def map_ids(fd: int, user_namespace: int, *, recursive: bool) -> None:
    """Have a detached mount show its files' owners as that user namespace maps them (MOUNT_ATTR_IDMAP)."""
    attributes = struct.pack("=QQQQ", MOUNT_ATTR_IDMAP, 0, 0, user_namespace)
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    syscall("mount_setattr", fd, b"", flags, attributes, len(attributes))


def _with_log(context: int, error: OSError) -> str:
    # The log holds lines such as "e overlay: …"; reading an empty one fails with ENODATA.
    lines = []
    while True:
        try:
            lines.append(os.read(context, 4096).decode("utf-8", "replace").strip())
        except OSError:
            break
    text = error.strerror or ""
    return f"{text} ({'; '.join(lines)})" if lines else text


def is_procfs(fd: int) -> bool:
    """Whether an open file, O_PATH or not, lies on procfs (fstatfs(2))."""
    # struct statfs begins with f_type; it is 120 bytes on every 64-bit machine.
    status = ctypes.create_string_buffer(120)
    syscall("fstatfs", fd, status)
    return bool(struct.unpack_from("=q", status)[0] == PROC_SUPER_MAGIC)


def clone_tree(path: str, *, recursive: bool, follow: bool = True) -> int:
    """A detached copy of the mount at `path` (a bind mount that has no place yet)."""
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (AT_RECURSIVE if recursive else 0)
    if not follow:
        flags |= AT_SYMLINK_NOFOLLOW
    return syscall("open_tree", AT_FDCWD, os.fsencode(path), flags)


def clone_fd(fd: int, *, recursive: bool) -> int:
    """A detached copy of the mount that an O_PATH descriptor refers to."""
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    return syscall("open_tree", fd, b"", flags)


def set_attributes(fd: int, *, add: int = 0, clear: int = 0, propagation: int = 0, recursive: bool = False) -> None:
    """Change a mount's MOUNT_ATTR_* and propagation (mount_setattr(2))."""
    attributes = struct.pack("=QQQQ", add, clear, propagation, 0)
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    syscall("mount_setattr", fd, b"", flags, attributes, len(attributes))


def move(mount_fd: int, target_fd: int) -> None:
    """Put a detached mount on the file or folder that `target_fd` refers to; closes `mount_fd`."""
    try:
        flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH
        syscall("move_mount", mount_fd, b"", target_fd, b"", flags)
    finally:
        os.close(mount_fd)


def overlay(lower: list[str], upper: str = "", work: str = "", attributes: int = 0) -> int:
    """A detached overlay mount; `lower` has the top layer first. Without `upper` it can only be read.

    `lowerdir+` (Linux ≥ 6.8) takes any number of layers; before that one string of at most a page names them all,
    relative to their common folder to stay short.
    """
    # index=off, metacopy=off, redirect_dir=off: what Docker's overlay2 sets, so an upperdir is a plain diff. xino=off:
    # where it is on by default, the kernel's log would get a line for each overlay over a file system without a UUID.
    plain: list[tuple[str, str | None]] = [(key, "off") for key in ("redirect_dir", "index", "metacopy", "xino")]
    try:
        layers: list[tuple[str, str | None]] = [("lowerdir+", path) for path in lower]
        top: list[tuple[str, str | None]] = [("upperdir", upper), ("workdir", work)] if upper else []
        options = [("source", "overlay"), *layers, *top, *plain]
        return mount_filesystem("overlay", options, attributes)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        new_way = error
    # Before 6.5 overlayfs is behind the old interface: whatever it does not know is EINVAL, and no log says what.
    try:
        return _old_overlay(lower, upper, work, plain, attributes)
    except OSError:
        # Not the option's name, then: the new interface told more.
        raise new_way from None


def _old_overlay(lower: list[str], upper: str, work: str, plain: list[tuple[str, str | None]], attributes: int) -> int:
    here = os.open(".", os.O_PATH | os.O_CLOEXEC)
    common = os.path.commonpath([*lower, upper, work] if upper else lower)
    try:
        os.chdir(common)
        escaped = [os.path.relpath(path, common).replace("\\", "\\\\").replace(":", "\\:") for path in lower]
        text = f"lowerdir={':'.join(escaped)}"
        if upper:
            text += f",upperdir={os.path.relpath(upper, common)},workdir={os.path.relpath(work, common)}"
        text += "".join(f",{key}={value}" for key, value in plain)
        target = f"{work}/../merged" if upper else common
        os.makedirs(target, exist_ok=True)
        # In the caller's private mount namespace the mount point is seen by nobody else.
        syscall("mount", b"overlay", os.fsencode(target), b"overlay", 0, os.fsencode(text))
        fd = clone_tree(target, recursive=False)
        syscall("umount2", os.fsencode(target), MNT_DETACH)
        if attributes:
            set_attributes(fd, add=attributes)
        return fd
    finally:
        os.fchdir(here)
        os.close(here)


def set_propagation(path: str, flags: int) -> None:
    """Change propagation by mount(2): MS_SLAVE, MS_PRIVATE, MS_SHARED, with MS_REC for the whole tree."""
    syscall("mount", None, os.fsencode(path), None, flags, None)


def unmount(path: str) -> None:
    """Take a mount and all below it out of the tree at once (umount2(2), MNT_DETACH)."""
    syscall("umount2", os.fsencode(path), MNT_DETACH)


def move_root(root_fd: int) -> None:
    """Put the mount at `root_fd` over the root and go there, for an initial ramfs, which pivot_root(2) does not take.

    The old root stays below it: who may mount in there can get it back.
    """
    os.fchdir(root_fd)
    syscall("mount", b".", b"/", None, MS_MOVE, None)
    os.chroot(".")
    os.chdir("/")


def pivot_root(root_fd: int) -> None:
    """Make the mount at `root_fd` the root and let the old one go (pivot_root(2), "." onto ".")."""
    old_root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fchdir(root_fd)
        syscall("pivot_root", b".", b".")
        # The old root now lies on top of the new one. Slave propagation keeps its unmount from reaching the host; "."
        # would mean the new root and all that is mounted in it, too.
        os.fchdir(old_root)
        syscall("mount", None, b".", None, MS_SLAVE | MS_REC, None)
        syscall("umount2", b".", MNT_DETACH)
    finally:
        os.close(old_root)
    os.chdir("/")
