"""The jobs that workers of the zygote know, by name. Light: the zygote imports this."""

from __future__ import annotations

import errno
import os
import stat

from boxship.app import index_jobs
from boxship.archive import changes, lookup
from boxship.archive.compression import Inflated, load_codec
from boxship.archive.entry import ArchiveError
from boxship.archive.extract import Rules, extract
from boxship.archive.pack import Packer
from boxship.archive.reader import TarReader
from boxship.archive.tree import Tree
from boxship.archive.unpack import unpack
from boxship.kernel.openat2 import RESOLVE_IN_ROOT, openat2
from boxship.lib.errors import InvalidParameter
from boxship.lib.plainjson import encode
from boxship.shim.user import resolve
from boxship.shim.view import LOWER, UPPER
from boxship.shim.worker import Job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def unpack_layer(arguments: dict[str, Any], root: int, fds: list[int]) -> int:
    """Unpack the uncompressed tar at the first further descriptor into the empty root; the files' size in bytes."""
    source = fds[0]
    return unpack(TarReader(lambda size: os.read(source, size)), root)


def describe(arguments: dict[str, Any], root: int, fds: list[int]) -> dict[str, Any]:
    """What `path` is: archive/lookup.py."""
    return lookup.describe(root, _path(arguments))


def read_archive(arguments: dict[str, Any], root: int, fds: list[int]) -> None:
    """Write what `path` is as a line of JSON, then its archive, to the first further descriptor."""
    path = _path(arguments)
    described = encode(lookup.describe(root, path)) + b"\n"
    packer = Packer(fds[0])
    name = lookup.base(path)
    fd = lookup.find(root, path)
    if stat.S_ISDIR(os.fstat(fd).st_mode):
        packer.raw(described)
        packer.folder(os.open(b".", _FOLDER, dir_fd=fd), name)
    else:
        parent = lookup.find(root, path[: -len(name)] + b".", _FOLDER)
        packer.raw(described)
        packer.member(parent, name, name)
    packer.end()


def write_archive(arguments: dict[str, Any], root: int, fds: list[int]) -> None:
    """Extract the archive at the first further descriptor into the folder `path`.

    read_only: of the container's root; mounts: (target, writable); keep_kinds; user: whom everything is given to, as
    the container's passwd knows it, None for what the archive says. InvalidParameter where nothing may be written.
    """
    folder, target = _folder(root, _path(arguments))
    _check_writable(target, bool(arguments["read_only"]), arguments["mounts"])
    owner = None
    if arguments["user"] is not None:
        identity = resolve(arguments["user"], [])
        owner = identity.uid, identity.gid
    source = fds[0]
    stream = Inflated(lambda size: os.read(source, size))
    try:
        rules = Rules(owner=owner, keep_kinds=bool(arguments["keep_kinds"]))
        extract(TarReader(stream.read), Tree(folder), target, rules)
    except FileNotFoundError:
        raise
    except ArchiveError as error:
        # Docker's word for it, without what our own images' messages add.
        raise ArchiveError("unexpected EOF") if error.message.startswith("unexpected EOF") else error from None
    except OSError as error:
        reason = "too many links" if error.errno == errno.ELOOP else f"{error.filename}: {_reason(error)}"
        raise ArchiveError(reason) from error
    # What stands behind the archive's end is read, too: whoever sends it must not find the way closed.
    while os.read(source, 1 << 20):
        pass


def compare(arguments: dict[str, Any], root: int, fds: list[int]) -> list[changes.Change]:
    """What the writable layer changes: archive/changes.py, on a view to compare."""
    upper, lower = (os.open(name, _FOLDER, dir_fd=root) for name in (UPPER, LOWER))
    return changes.changes(upper, lower)


def export(arguments: dict[str, Any], root: int, fds: list[int]) -> None:
    """Write the archive of the whole root to the first further descriptor."""
    packer = Packer(fds[0])
    packer.folder(os.dup(root), None)
    packer.end()


def read_layer(arguments: dict[str, Any], root: int, fds: list[int]) -> None:
    """Write the archive of the writable layer, as images have layers, to the first further descriptor."""
    packer = Packer(fds[0], layer=True)
    packer.folder(os.open(UPPER, _FOLDER, dir_fd=root), None)
    packer.end()


def _load_codec(arguments: dict[str, Any]) -> None:
    load_codec(arguments["compression"])


def _path(arguments: dict[str, Any]) -> bytes:
    return lookup.clean(os.fsencode(arguments["path"]))


def _folder(root: int, path: bytes) -> tuple[int, bytes]:
    """The folder that `path` names, every link followed: a descriptor and its path. InvalidParameter for a file."""
    try:
        fd = openat2(root, path, os.O_PATH, resolve=RESOLVE_IN_ROOT)
    except NotADirectoryError:
        # As Docker words the two.
        if path.endswith((b"/", b"/.")):
            raise
        raise ArchiveError("not a directory") from None
    except OSError as error:
        raise ArchiveError("EvalSymlinks: too many links") if error.errno == errno.ELOOP else error from None
    if not stat.S_ISDIR(os.fstat(fd).st_mode):
        raise InvalidParameter("extraction point is not a directory")
    os.fchdir(fd)
    where = os.getcwdb()
    os.fchdir(root)
    return fd, where


def _reason(error: OSError) -> str:
    return os.strerror(error.errno or 0).lower()


def _check_writable(target: bytes, read_only: bool, mounts: list[tuple[str, bool]]) -> None:
    holding = [
        (len(point), writable)
        for name, writable in mounts
        if (target + b"/").startswith((point := os.fsencode(name)).rstrip(b"/") + b"/")
    ]
    if holding:
        if not max(holding)[1]:
            raise InvalidParameter("mounted volume is marked read-only")
    elif read_only:
        raise InvalidParameter("container rootfs is marked read-only")


JOBS: dict[str, Job] = {
    "unpack": Job(unpack_layer),
    "describe": Job(describe),
    "read_archive": Job(read_archive),
    "changes": Job(compare),
    "export": Job(export),
    "read_layer": Job(read_layer),
    "write_archive": Job(write_archive, _load_codec),
    **index_jobs.JOBS,
}
