"""Which snapshotter works here: found out by mounting a tiny image where the real ones will lie."""

import errno
import os

from boxship.archive.entry import FILE, Entry
from boxship.archive.writer import END, header
from boxship.kernel import mount
from boxship.kernel.erofs import mount_files, mount_loop
from boxship.lib.errors import BoxshipError
from boxship.storage.removal import Bin, delete
from boxship.storage.snapshot.base import Snapshotter
from boxship.storage.snapshot.erofs import ErofsSnapshotter
from boxship.storage.snapshot.image_mounts import make_private
from boxship.storage.snapshot.makers import Makers
from boxship.storage.snapshot.parts import MOUNTS
from boxship.storage.snapshot.unpacked import UnpackedSnapshotter

_NAME = b"probe"
# In a tar it begins in the middle of a page, as most files do.
_CONTENT = b"boxship " * 200


def open_snapshotter(asked: str, data_root: str, run_root: str, makers: Makers) -> Snapshotter:
    """The snapshotter of a data root. asked: one of KINDS, or "" for the first of them that works here (blocks).

    BoxshipError when the one that was asked for does not work.
    """
    if asked != "folders":
        found = _try_all(asked, data_root, run_root, makers)
        if found is not None:
            return found
    return UnpackedSnapshotter(data_root, run_root, makers)


def _try_all(asked: str, data_root: str, run_root: str, makers: Makers) -> Snapshotter | None:
    layers = f"{data_root}/layers"
    os.makedirs(layers, mode=0o700, exist_ok=True)
    folder = Bin(layers).new_name()
    os.mkdir(folder, 0o700)
    reason = ""
    try:
        index, tar = _image(folder, makers)
        if asked in ("", "erofs"):
            # Read past the page cache, a file is in memory once and not twice; but not every disk has sectors as small
            # as a tar's blocks.
            for direct in (True, False):
                try:
                    _read(mount_files(index, [tar], direct=direct), f"{run_root}/{MOUNTS}")
                    return ErofsSnapshotter(data_root, run_root, makers, kind="erofs", direct=direct)
                except OSError as error:
                    reason = error.strerror or str(error)
        if asked in ("", "erofs-loop"):
            try:
                _read(mount_loop(index, [tar], direct=False), f"{run_root}/{MOUNTS}")
                return ErofsSnapshotter(data_root, run_root, makers, kind="erofs-loop", direct=False)
            except OSError as error:
                reason = error.strerror or str(error)
    finally:
        delete(folder)
    if asked:
        raise BoxshipError(
            f"the snapshotter {asked} does not work in {data_root}: {reason}\n"
            "  to have one chosen that does:   boxship daemon   (without --snapshotter)"
        )
    return None


def _image(folder: str, makers: Makers) -> tuple[str, str]:
    """An image of one layer with one file: its index and its tar."""
    tar, layer, index = (f"{folder}/{name}" for name in ("tar", "layer", "index"))
    entry = Entry(_NAME, FILE)
    entry.mode, entry.size, entry.stored = 0o644, len(_CONTENT), len(_CONTENT)
    with open(tar, "wb") as file:
        file.write(header(entry) + _CONTENT + bytes(-len(_CONTENT) % 512) + END)
    makers.index(tar, layer)
    makers.merge([(layer, tar)], index)
    return index, tar


def _read(detached: int, mounts: str) -> None:
    """Read the file of a mounted image as a container would: through an overlay. OSError."""
    place = f"{mounts}/.probe"
    try:
        make_private(mounts)
        os.makedirs(f"{place}/image", mode=0o700, exist_ok=True)
        os.makedirs(f"{place}/empty", mode=0o700, exist_ok=True)
        target = os.open(f"{place}/image", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except BaseException:
        os.close(detached)
        raise
    try:
        mount.move(detached, target)
    finally:
        os.close(target)
    try:
        root = mount.overlay([f"{place}/image", f"{place}/empty"])
        try:
            fd = os.open(_NAME, os.O_RDONLY | os.O_CLOEXEC, dir_fd=root)
            with open(fd, "rb") as file:
                if file.read() != _CONTENT:
                    raise OSError(errno.EIO, "a file has another content than its layer")
        finally:
            os.close(root)
    finally:
        mount.unmount(f"{place}/image")
        for folder in (f"{place}/image", f"{place}/empty", place):
            os.rmdir(folder)
