"""A tree of files as values that can be compared: names, types, modes, owners, times, attributes, links, contents."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from boxship.archive.erofs.merge import LayerFiles, merge
from boxship.archive.erofs.scan import index_layer
from boxship.archive.reader import TarReader
from boxship.archive.unpack import unpack
from boxship.kernel.mount import MOUNT_ATTR_RDONLY, mount_filesystem, overlay


@dataclass(frozen=True)
class File:
    """What can be seen of one name. content: of a file its digest, of a link its target, of a device its number.

    names: which names the inode has in the tree, of folders none.
    """

    kind: str
    mode: str
    owner: tuple[int, int]
    mtime_ns: int
    size: int
    names: tuple[bytes, ...]
    xattrs: tuple[tuple[str, bytes], ...]
    content: str


def describe(root: int, *, folder_times: bool = True, links: bool = False) -> dict[bytes, File]:
    """Every name below the folder whose descriptor is `root`.

    folder_times: whether to take those, too. links: whether the inodes' own counts of their names must be right.
    """
    found: dict[bytes, tuple[os.stat_result, File]] = {}
    names: dict[tuple[int, int], list[bytes]] = {}
    here = os.open(".", os.O_PATH)
    os.fchdir(root)
    try:
        todo = [b""]
        while todo:
            folder = todo.pop()
            for entry in os.listdir(folder or b"."):
                path = folder + b"/" + entry if folder else entry
                try:
                    status = os.lstat(path)
                except FileNotFoundError:
                    continue  # overlayfs lists whiteouts in folders that only one layer has
                found[path] = status, _file(path, status, folder_times)
                if stat.S_ISDIR(status.st_mode):
                    todo.append(path)
                else:
                    names.setdefault((status.st_dev, status.st_ino), []).append(path)
    finally:
        os.fchdir(here)
        os.close(here)
    described = {}
    for path, (status, file) in found.items():
        same = names.get((status.st_dev, status.st_ino), [])
        if links and same and status.st_nlink != len(same):
            raise AssertionError(f"{path!r} has {status.st_nlink} links and the names {same}")
        described[path] = replace(file, names=tuple(sorted(same)))
    return described


def differences(one: dict[bytes, File], other: dict[bytes, File]) -> dict[bytes, tuple[File | None, File | None]]:
    """The names that are not the same in both, with what each has."""
    return {
        path: (one.get(path), other.get(path)) for path in sorted({*one, *other}) if one.get(path) != other.get(path)
    }


@contextmanager
def mounted(image: str, tars: list[str]) -> Iterator[int]:
    """The root of an EROFS image with its tars as devices: the descriptor of a detached mount."""
    options: list[tuple[str, str | None]] = [("source", image), *(("device", tar) for tar in tars)]
    mount = mount_filesystem("erofs", options, MOUNT_ATTR_RDONLY)
    try:
        fd = os.open(f"/proc/self/fd/{mount}", os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield fd
        finally:
            os.close(fd)
    finally:
        os.close(mount)


@contextmanager
def indexed(folder: str, *layers: bytes) -> Iterator[int]:
    """The root of an image of these tars, the lowest first, made in `folder`."""
    files = []
    for number, layer in enumerate(layers):
        tar, index = f"{folder}/{number}.tar", f"{folder}/{number}.index"
        with open(tar, "wb") as file:
            file.write(layer)
        index_layer(tar, index)
        files.append(LayerFiles(index, tar))
    merge(files, f"{folder}/image")
    with mounted(f"{folder}/image", [file.tar for file in files]) as fd:
        yield fd


@contextmanager
def unpacked(folder: str, *layers: bytes) -> Iterator[int]:
    """The root of an image of these tars, each unpacked, under overlayfs."""
    lower: list[str] = []
    for number, layer in enumerate(layers):
        lower.insert(0, f"{folder}/{number}")
        os.mkdir(lower[0])
        fd = os.open(lower[0], os.O_RDONLY | os.O_DIRECTORY)
        try:
            unpack(TarReader(io.BytesIO(layer).read), fd)
        finally:
            os.close(fd)
    os.mkdir(f"{folder}/empty")  # without an upper folder, overlayfs wants two lower ones
    mount = overlay([*lower, f"{folder}/empty"], attributes=MOUNT_ATTR_RDONLY)
    try:
        fd = os.open(f"/proc/self/fd/{mount}", os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield fd
        finally:
            os.close(fd)
    finally:
        os.close(mount)


def _file(path: bytes, status: os.stat_result, folder_times: bool) -> File:
    form = status.st_mode
    size, content = 0, ""
    if stat.S_ISREG(form):
        size, content = status.st_size, _digest(path)
    elif stat.S_ISLNK(form):
        content = os.fsdecode(os.readlink(path))
    elif stat.S_ISCHR(form) or stat.S_ISBLK(form):
        content = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    xattrs = [
        (name, os.getxattr(path, name, follow_symlinks=False)) for name in os.listxattr(path, follow_symlinks=False)
    ]
    return File(
        kind=stat.filemode(form)[0],
        mode=oct(stat.S_IMODE(form)),
        owner=(status.st_uid, status.st_gid),
        mtime_ns=status.st_mtime_ns if folder_times or not stat.S_ISDIR(form) else 0,
        size=size,
        names=(),
        xattrs=tuple(sorted(xattrs)),
        content=content,
    )


def _digest(path: bytes) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()
