"""Layers unpacked into folders: works on every kernel and file system that overlayfs does.

layers/<diff id>/             see layer_folders.py
layers/empty/                 the lower folder of an image without layers
snapshots/<container id>/     upper, work, and `layers`: the diff ids below, lowest first
"""

import errno
import os
import threading
from collections.abc import Iterable

from boxship.kernel.topdir import make_top_folder
from boxship.lib.errors import NotFound
from boxship.storage.layers import Layer
from boxship.storage.removal import Background, Bin, delete
from boxship.storage.snapshot.base import OverlayRoot, Unpacker
from boxship.storage.snapshot.layer_folders import LayerFolders, missing, unpack_here
from boxship.storage.snapshot.writer import LayerWriter

_EMPTY = "empty"
# So many files of a container's layer are removed before `rm` answers; more would keep it waiting.
_AT_ONCE = 500


class UnpackedSnapshotter:
    """See `Snapshotter`. Two daemons never share one data root, so locks in memory do."""

    name = "overlay2"

    def __init__(self, data_root: str, unpacker: Unpacker = unpack_here) -> None:
        """The folders below `data_root` are made when they are missing. unpacker: how a layer's files are made."""
        layers = f"{data_root}/layers"
        self._snapshots = f"{data_root}/snapshots"
        # The mode keeps the host's users from set-uid programs in there; containers come in through the mount.
        for folder in (layers, self._snapshots):
            make_top_folder(folder, 0o700)
        self._empty = f"{layers}/{_EMPTY}"
        os.makedirs(self._empty, mode=0o755, exist_ok=True)
        self._background = Background()
        self._layers = LayerFolders(layers, self._background, unpacker)
        self._bin = Bin(self._snapshots)
        self._lock = threading.Lock()
        self._roots: dict[str, OverlayRoot] = {}

    def begin(self) -> LayerWriter:
        """See `Snapshotter.begin`."""
        return LayerWriter(self._layers.spool_path(), self._layers.add)

    def spool_path(self) -> str:
        """See `Snapshotter.spool_path`."""
        return self._layers.spool_path()

    def add(self, tar: str, diff_id: str) -> Layer:
        """See `Snapshotter.add`."""
        return self._layers.add(tar, diff_id)

    def layer(self, diff_id: str) -> Layer | None:
        """See `Snapshotter.layer`."""
        return self._layers.layer(diff_id)

    def layers(self) -> set[str]:
        """See `Snapshotter.layers`."""
        return self._layers.layers()

    def tar(self, diff_id: str) -> str:
        """See `Snapshotter.tar`."""
        return self._layers.tar(diff_id)

    def folders(self, diff_ids: list[str]) -> tuple[str, ...]:
        """See `Snapshotter.folders`."""
        return tuple(f"{self._layers.folder(diff_id)}/diff" for diff_id in reversed(diff_ids))

    def discard(self, diff_ids: Iterable[str]) -> None:
        """See `Snapshotter.discard`."""
        self._layers.discard(diff_ids)

    def sweep(self) -> None:
        """See `Snapshotter.sweep`."""
        for path in self._bin.leftovers():
            self._delete_later(path)
        self._layers.sweep()

    def prepare(self, container_id: str, diff_ids: list[str]) -> OverlayRoot:
        """See `Snapshotter.prepare`."""
        for diff_id in diff_ids:
            if self._layers.layer(diff_id) is None:
                raise missing(diff_id)
        folder = f"{self._snapshots}/{container_id}"
        recorded = _read_lines(f"{folder}/layers")
        if recorded is None:
            building = self._bin.new_name()
            os.mkdir(building, 0o700)
            for name in ("upper", "work"):
                os.mkdir(f"{building}/{name}")
                os.chmod(f"{building}/{name}", 0o755)  # whatever the umask is: it becomes the container's root
            _write_lines(f"{building}/layers", diff_ids)
            try:
                os.rename(building, folder)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                # A start and a copy at once: the other one was faster.
                delete(building)
        elif recorded != diff_ids:
            _write_lines(f"{folder}/layers", diff_ids)  # torn by a power cut: it is not synced, as the rest is not
        return self._remember(container_id, diff_ids)

    def get(self, container_id: str) -> OverlayRoot:
        """See `Snapshotter.get`."""
        with self._lock:
            known = self._roots.get(container_id)
        if known is not None:
            return known
        diff_ids = _read_lines(f"{self._snapshots}/{container_id}/layers")
        if diff_ids is None:
            raise NotFound(f"container {container_id} has no writable layer yet: it has never been started")
        return self._remember(container_id, diff_ids)

    def remove(self, container_id: str) -> None:
        """See `Snapshotter.remove`. A big layer's files go in the background."""
        with self._lock:
            self._roots.pop(container_id, None)
        gone = self._bin.take(container_id)
        if gone is not None and not delete(gone, _AT_ONCE):
            self._delete_later(gone)

    def containers(self) -> list[str]:
        """See `Snapshotter.containers`."""
        return [name for name in os.listdir(self._snapshots) if not name.startswith(".")]

    def wait(self) -> None:
        """Wait until what goes on in the background is done."""
        self._background.wait()

    def _remember(self, container_id: str, diff_ids: list[str]) -> OverlayRoot:
        lower = self.folders(diff_ids)
        folder = f"{self._snapshots}/{container_id}"
        root = OverlayRoot(lower or (self._empty,), f"{folder}/upper", f"{folder}/work")
        with self._lock:
            self._roots[container_id] = root
        return root

    def _delete_later(self, path: str) -> None:
        def job() -> None:
            delete(path)

        self._background.add(job)


def _read_lines(path: str) -> list[str] | None:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().split()
    except FileNotFoundError:
        return None


def _write_lines(path: str, lines: list[str]) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write("".join(f"{line}\n" for line in lines))
