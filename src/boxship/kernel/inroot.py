"""Paths inside a root that somebody hostile may have filled.

Every lookup starts at the root's descriptor and can't leave it: absolute links and `..` count from that root.
"""

from __future__ import annotations

import errno
import os
import stat

from boxship.kernel.openat2 import (
    RESOLVE_BENEATH,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    RESOLVE_NO_XDEV,
    openat2,
)

_MAX_LINKS = 40
_NULL = os.makedev(1, 3)


def open_in_root(root_fd: int, path: str, flags: int, mode: int = 0) -> int:
    """Open `path` as if `root_fd` were `/`; flags as open(2), close-on-exec added. OSError as openat2(2)."""
    name = os.fsencode(path.lstrip("/") or ".")
    try:
        return openat2(root_fd, name, flags, resolve=RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, mode=mode)
    except OSError as error:
        error.filename = path
        raise


def open_on_mount(mount_fd: int, path: str, flags: int) -> int:
    """Open what the file system of a mount itself has at `path`: no link is followed, no mount on top is entered.

    OSError as openat2(2): ELOOP for a link on the way, EXDEV for a mount.
    """
    resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS
    try:
        return openat2(mount_fd, os.fsencode(path.lstrip("/") or "."), flags, resolve=resolve)
    except OSError as error:
        error.filename = path
        raise


def plain_folder(root_fd: int, path: str) -> int:
    """An O_PATH descriptor of a folder, made when only its last name is missing. No link is followed: ELOOP."""
    name = os.fsencode(path.strip("/") or ".")
    flags, resolve = os.O_PATH | os.O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS
    try:
        return openat2(root_fd, name, flags, resolve=resolve)
    except FileNotFoundError:
        parent, _, last = path.rstrip("/").rpartition("/")
        _make(root_fd, parent, last, folder=True, mode=0o755)
        return openat2(root_fd, name, flags, resolve=resolve)


def is_null(fd: int) -> bool:
    """Whether an open file is the null device, whatever name led to it (devices.txt: character 1:3)."""
    status = os.fstat(fd)
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == _NULL


def make_in_root(root_fd: int, path: str, *, folder: bool, mode: int = 0o755) -> int:
    """An O_PATH descriptor of `path`, made with its parents where it is missing.

    folder: what to make at the end. Symbolic links are followed inside the root, dangling ones too: what they name
    is made, with `mode` less the umask, and is the caller's. NotADirectoryError, ELOOP and the rest as the kernel
    says.
    """
    # Nearly always the path is there, or all but its last name: one or three calls then, not three a name.
    try:
        return open_in_root(root_fd, path, os.O_PATH)
    except FileNotFoundError:
        parent, _, name = path.rstrip("/").rpartition("/")
    if name not in ("", ".", ".."):
        try:
            _make(root_fd, parent, name, folder=folder, mode=mode)
            return open_in_root(root_fd, path, os.O_PATH)
        except FileNotFoundError:
            # Parents are missing too, or the name is a link to what is missing.
            pass
    return _walk(root_fd, path, folder=folder, mode=mode)


def _walk(root_fd: int, path: str, *, folder: bool, mode: int) -> int:
    done: list[str] = []
    pending = [part for part in path.split("/") if part not in ("", ".")]
    links = 0
    while pending:
        part = pending.pop(0)
        if part == "..":
            del done[-1:]
            continue
        here = "/".join([*done, part])
        try:
            fd = open_in_root(root_fd, here, os.O_PATH | os.O_NOFOLLOW)
        except FileNotFoundError:
            _make(root_fd, "/".join(done), part, folder=folder or bool(pending), mode=mode)
            fd = open_in_root(root_fd, here, os.O_PATH | os.O_NOFOLLOW)
        try:
            is_link = stat.S_ISLNK(os.fstat(fd).st_mode)
            if is_link:
                target = os.readlink("", dir_fd=fd)
        finally:
            os.close(fd)
        if not is_link:
            done.append(part)
            continue
        links += 1
        if links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        if target.startswith("/"):
            done = []
        pending = [piece for piece in target.split("/") if piece not in ("", ".")] + pending
    return open_in_root(root_fd, "/".join(done), os.O_PATH)


def _make(root_fd: int, parent: str, name: str, *, folder: bool, mode: int) -> None:
    parent_fd = open_in_root(root_fd, parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if folder:
            os.mkdir(name, mode, dir_fd=parent_fd)
        else:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(name, flags, 0o755 & mode, dir_fd=parent_fd))
    except FileExistsError:
        # Somebody else made it meanwhile; the next lookup sees what it is.
        pass
    finally:
        os.close(parent_fd)
