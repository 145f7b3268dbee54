"""A tree of what is hard to keep, made on the disk, packed by GNU tar; and what a tree looks like, to be compared."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")  # cap_net_bind_service+ep, linux/capability.h
OLD = -86_400 * 365 * 10**9 - 250_000_001  # in 1968, with nanoseconds
LATE = 4_102_444_800 * 10**9 + 999_999_999  # in 2100


def make(root: Path) -> None:
    """Make the tree below `root`, which is there and empty. Needs root."""
    for name in ("a/b", "c", "opaque", "many", "gone-folder/deep"):
        (root / name).mkdir(parents=True)
    _file(root / "setuid", b"#!/bin/sh\n", mode=0o4755)
    _file(root / "setgid", b"x", mode=0o2711, owner=(70_000, 4_000_000_000))
    (root / "sticky").mkdir()
    os.chmod(root / "sticky", 0o1777)
    _file(root / "a/b/linked", b"one inode, three names", owner=(65_537, 1))
    os.link(root / "a/b/linked", root / "c/linked-too")
    os.link(root / "a/b/linked", root / "third")
    with (root / "sparse").open("wb") as file:
        file.write(b"head")
        file.seek(3 << 20)
        file.write(b"middle")
        file.truncate(8 << 20)
    _file(root / "capable", b"binary")
    os.setxattr(root / "capable", "security.capability", CAPABILITY)
    _file(root / "attributes", b"x")
    os.setxattr(root / "attributes", "user.empty", b"")
    os.setxattr(root / "attributes", "user.bytes", bytes(range(256)))
    os.setxattr(root / "a", "trusted.own", b"of a folder")
    os.symlink("../../../../etc/passwd", root / "out")
    os.symlink("loop", root / "loop")
    os.symlink("x" * 300, root / "long-link")
    os.mknod(root / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(root / "disk", stat.S_IFBLK | 0o600, os.makedev(7, 200))
    os.mkfifo(root / "fifo", 0o640)
    for raw in (b"\xff\xfe bytes", b"new\nline", b"back\\slash", "ünïcödé".encode(), b"-rf", b"n" * 255):
        _file(root / os.fsdecode(raw), raw)
    _file(root / "empty", b"")
    for number in range(300):
        _file(root / f"many/{number:03}", b"%d" % number)
    _file(root / "gone", b"the upper layer takes it")
    _file(root / "gone-folder/deep/file", b"and this")
    _file(root / "opaque/hidden", b"the upper layer hides it")
    for name, moment in (("setuid", OLD), ("capable", LATE), ("a/b", OLD), ("empty", 1)):
        os.utime(root / name, ns=(moment, moment))
    os.utime(root / "out", ns=(OLD, OLD), follow_symlinks=False)


def _file(path: Path, data: bytes, *, mode: int = 0o644, owner: tuple[int, int] = (0, 0)) -> None:
    path.write_bytes(data)
    os.chown(path, *owner)
    os.chmod(path, mode)


def pack(root: Path, name: str) -> bytes:
    """The tree as GNU tar packs it, below a folder `name`."""
    options = ("--format=posix", "--sparse", "--xattrs", "--xattrs-include=*", "--numeric-owner")
    # Slashes in links stay: only names of members are changed.
    renamed = ("--transform", f"flags=rh;s,^[.],{name},")
    done = subprocess.run(
        ["tar", "-C", str(root), *options, *renamed, "-cf", "-", "."], capture_output=True, check=True
    )
    return done.stdout


def seen(root: str) -> dict[bytes, tuple[Any, ...]]:
    """All that a tree is: by the path of each entry its kind, mode, owner, times, links, attributes and content."""
    found: dict[bytes, tuple[Any, ...]] = {}
    top = os.fsencode(root)
    waiting = [b""]
    while waiting:
        path = waiting.pop()
        full = top + b"/" + path if path else top
        status = os.lstat(full)
        xattrs = {name: os.getxattr(full, name, follow_symlinks=False) for name in _names(full)}
        folder = stat.S_ISDIR(status.st_mode)
        content = b""
        if stat.S_ISREG(status.st_mode):
            with open(full, "rb") as file:
                content = hashlib.sha256(file.read()).digest()
        elif stat.S_ISLNK(status.st_mode):
            content = os.readlink(full)
        found[path] = (
            *(status.st_mode, status.st_uid, status.st_gid, status.st_rdev, status.st_mtime_ns),
            *(
                0 if folder else status.st_nlink,
                0 if folder else status.st_size,
                tuple(sorted(xattrs.items())),
                content,
            ),
        )
        if folder:
            waiting += [path + b"/" + name if path else name for name in os.listdir(full)]
    return found


def _names(path: bytes) -> list[str]:
    return [name for name in os.listxattr(path, follow_symlinks=False) if not name.startswith("trusted.overlay.")]


def differences(one: dict[bytes, tuple[Any, ...]], other: dict[bytes, tuple[Any, ...]]) -> list[str]:
    """What differs between two trees, in words."""
    lines = [f"only in one: {path!r}" for path in sorted(one.keys() ^ other.keys())]
    lines += [
        f"{path!r}: {one[path]} {other[path]}" for path in sorted(one.keys() & other.keys()) if one[path] != other[path]
    ]
    return lines
