"""What all snapshotters have in common: layers with their tars, and containers' writable layers.

layers/<diff id>/             see layer_store.py
layers/empty/                 the lower folder of an image without layers
snapshots/<container id>/     see writable.py
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable

from boxship.kernel.topdir import make_top_folder
from boxship.storage.layers import Layer
from boxship.storage.removal import Background
from boxship.storage.snapshot.base import OverlayRoot
from boxship.storage.snapshot.layer_store import LayerStore
from boxship.storage.snapshot.makers import Form
from boxship.storage.snapshot.writable import WritableLayers
from boxship.storage.snapshot.writer import LayerWriter

INDEXES = "indexes"
"""The folder of the data root that has the images' indexes."""
MOUNTS = "images"
"""The folder of the run root where images are mounted."""


class Parts(ABC):
    """The half of a `Snapshotter` that does not depend on how layers are mounted.

    Two daemons never share one data root, so locks in memory do.
    """

    name: str = "overlay2"

    def __init__(self, data_root: str, form: Form) -> None:
        """The folders below `data_root` are made when they are missing. form: of the layers."""
        layers, snapshots = f"{data_root}/layers", f"{data_root}/snapshots"
        # The mode keeps the host's users from set-uid programs in there; containers come in through the mount.
        for folder in (layers, snapshots):
            make_top_folder(folder, 0o700)
        self._empty = f"{layers}/empty"
        os.makedirs(self._empty, mode=0o755, exist_ok=True)
        self._background = Background()
        self._layers = LayerStore(layers, self._background, form)
        self._writable = WritableLayers(snapshots, self._background)

    def begin(self) -> LayerWriter:
        """See `Snapshotter.begin`."""
        return self._layers.begin()

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

    def discard(self, diff_ids: Iterable[str]) -> None:
        """See `Snapshotter.discard`."""
        self._layers.discard(diff_ids)

    def sweep(self) -> None:
        """See `Snapshotter.sweep`."""
        self._writable.sweep()
        self._layers.sweep()

    def remove(self, container_id: str) -> None:
        """See `Snapshotter.remove`."""
        self._writable.remove(container_id)

    def containers(self) -> list[str]:
        """See `Snapshotter.containers`."""
        return self._writable.containers()

    @abstractmethod
    def ready(self, diff_ids: list[str]) -> None:
        """See `Snapshotter.ready`."""

    def expect(self, diff_ids: list[str]) -> None:
        """See `Snapshotter.expect`."""

        def job() -> None:
            self.ready(diff_ids)

        self._background.add(job)

    def wait(self) -> None:
        """Wait until what goes on in the background is done."""
        self._background.wait()

    def _root(self, container_id: str, lower: tuple[str, ...]) -> OverlayRoot:
        folder = self._writable.folder(container_id)
        return OverlayRoot(lower or (self._empty,), f"{folder}/upper", f"{folder}/work")
