"""Layers unpacked into folders: works on every kernel and file system that overlayfs does."""

from collections.abc import Iterable

from boxship.storage.removal import Bin
from boxship.storage.snapshot.base import OverlayRoot
from boxship.storage.snapshot.image_mounts import unmount_all
from boxship.storage.snapshot.makers import HERE, Folder, Makers
from boxship.storage.snapshot.parts import INDEXES, MOUNTS, Parts


class UnpackedSnapshotter(Parts):
    """See `Snapshotter`. An overlay has a lower folder for each layer."""

    kind: str = "folders"

    def __init__(self, data_root: str, run_root: str = "", makers: Makers = HERE) -> None:
        """run_root: where another snapshotter may have mounted something. makers: who unpacks layers."""
        super().__init__(data_root, Folder(makers.unpack))
        self._data_root = data_root
        self._run_root = run_root

    def folders(self, diff_ids: list[str]) -> tuple[str, ...]:
        """See `Snapshotter.folders`."""
        return tuple(f"{self._layers.folder(diff_id)}/{Folder.name}" for diff_id in reversed(diff_ids))

    def ready(self, diff_ids: list[str]) -> None:
        """See `Snapshotter.ready`."""
        for diff_id in diff_ids:
            self._layers.form(diff_id)

    def prepare(self, container_id: str, diff_ids: list[str]) -> OverlayRoot:
        """See `Snapshotter.prepare`."""
        lower = tuple(self._layers.form(diff_id) for diff_id in reversed(diff_ids))
        self._writable.prepare(container_id, diff_ids)
        return self._root(container_id, lower)

    def get(self, container_id: str) -> OverlayRoot:
        """See `Snapshotter.get`."""
        return self._root(container_id, self.folders(self._writable.layers(container_id)))

    def sweep(self) -> None:
        """See `Snapshotter.sweep`."""
        super().sweep()
        if self._run_root:
            unmount_all(f"{self._run_root}/{MOUNTS}")

    def trim(self, images: Iterable[list[str]]) -> None:
        """See `Snapshotter.trim`: nothing is made of stacks."""

    def shed(self) -> None:
        """See `Snapshotter.shed`."""
        self._layers.shed()
        gone = Bin(self._data_root).take(INDEXES)
        if gone is not None:
            self._background.delete(gone)

    def close(self) -> None:
        """See `Snapshotter.close`: nothing is mounted."""
