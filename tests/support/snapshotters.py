"""The three snapshotters on a test's own folders, and what a container would see through them."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from boxship.kernel import mount
from boxship.kernel.mountinfo import mounts_below
from boxship.lib.errors import BoxshipError
from boxship.model.digest import sha256
from boxship.storage.removal import delete
from boxship.storage.snapshot.base import KINDS, OverlayRoot
from boxship.storage.snapshot.erofs import ErofsSnapshotter
from boxship.storage.snapshot.makers import HERE, Makers
from boxship.storage.snapshot.probe import open_snapshotter
from boxship.storage.snapshot.unpacked import UnpackedSnapshotter

Opened = ErofsSnapshotter | UnpackedSnapshotter


class Roots:
    """A data root and a run root; `open` gives a snapshotter as a daemon's start does."""

    def __init__(self, base: Path) -> None:
        self.data = base / "data"
        self.run = base / "run"
        self.data.mkdir()
        self.run.mkdir()
        self._opened: list[Opened] = []

    def open(self, kind: str, makers: Makers = HERE) -> Opened:
        """A snapshotter over what is there."""
        opened: Opened
        if kind == "folders":
            opened = UnpackedSnapshotter(str(self.data), str(self.run), makers)
        else:
            assert kind in KINDS
            opened = ErofsSnapshotter(
                str(self.data), str(self.run), makers, kind="erofs" if kind == "erofs" else "erofs-loop"
            )
        self._opened.append(opened)
        return opened

    def mounted(self) -> list[str]:
        """The names of the images that are mounted."""
        return [os.path.basename(each.point) for each in mounts_below(str(self.run))]

    def hidden(self) -> list[str]:
        """Halves and leftovers of all kinds, after the background's work."""
        self.wait()
        return [str(path) for path in self.data.rglob(".*")]

    def wait(self) -> None:
        """Wait for what is done in the background."""
        for opened in self._opened:
            opened.wait()

    def close(self) -> None:
        """Nothing stays mounted."""
        self.wait()
        for opened in self._opened:
            opened.close()
        for each in reversed(mounts_below(str(self.run))):
            mount.unmount(each.point)


@contextmanager
def roots() -> Iterator[Roots]:
    """Folders on a real file system; they go with the block."""
    base = tempfile.mkdtemp(prefix="boxship-snapshot-", dir="/var/tmp")
    made = Roots(Path(base))
    try:
        yield made
    finally:
        made.close()
        delete(base)


@cache
def why_not(kind: str) -> str:
    """Why a snapshotter does not work on this machine's kernel; "" when it does."""
    with roots() as here:
        try:
            opened = open_snapshotter(kind, str(here.data), str(here.run), HERE)
        except BoxshipError as error:
            return str(error)
        assert opened.kind == kind
    return ""


def require(kind: str) -> str:
    """A test that cannot be made here is skipped: the kernel is too old for that snapshotter."""
    if why_not(kind):
        pytest.skip(why_not(kind))
    return kind


def add(snapshotter: Opened, content: bytes) -> str:
    """Add a layer from a file; its diff id."""
    path = snapshotter.spool_path()
    Path(path).write_bytes(content)
    diff_id = sha256(content)
    assert snapshotter.add(path, diff_id).diff_id == diff_id
    assert not os.path.exists(path)
    return diff_id


@contextmanager
def seen(root: OverlayRoot) -> Iterator[Path]:
    """The root as a container has it: the overlay, by a path of this process."""
    # An overlay that only reads needs two lower folders; the engine's lowest one is empty, too.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as empty:
        fd = mount.overlay([*replace(root, lower=(*root.lower, empty)).lower], root.upper, root.work)
        try:
            yield Path(f"/proc/self/fd/{fd}")
        finally:
            os.close(fd)


def tree(top: Path) -> dict[str, tuple[object, ...]]:
    """All that can be told of the files below a folder, by relative path: kind and mode, owner, time, links, content or
    target or device, extended attributes.
    """
    found: dict[str, tuple[object, ...]] = {}
    for folder, folders, names in os.walk(top):
        for name in (*folders, *names):
            path = os.path.join(folder, name)  # noqa: PTH118
            status = os.lstat(path)
            attributes = tuple(
                (key, os.getxattr(path, key, follow_symlinks=False))
                for key in sorted(os.listxattr(path, follow_symlinks=False))
                if not key.startswith("trusted.overlay.")
            )
            what: object = None
            if stat.S_ISREG(status.st_mode):
                what = Path(path).read_bytes()
            elif stat.S_ISLNK(status.st_mode):
                what = os.readlink(path)
            elif not stat.S_ISDIR(status.st_mode):
                what = status.st_rdev
            links = 0 if stat.S_ISDIR(status.st_mode) else status.st_nlink
            key = os.path.relpath(path, top)
            found[key] = (status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, links, what, attributes)
    return found
