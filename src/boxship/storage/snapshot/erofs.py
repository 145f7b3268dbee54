"""Layers as tars with an index: nothing is unpacked, an image is one mount that its containers share.

indexes/<chain id>/                see image_indexes.py
<run root>/images/<chain id>/      where an image is mounted: see image_mounts.py
"""

import os
from collections.abc import Iterable, Iterator
from typing import Literal

from boxship.kernel.erofs import mount_files, mount_loop
from boxship.kernel.pagecache import cached_bytes
from boxship.lib.errors import BoxshipError
from boxship.storage.snapshot.base import OverlayRoot
from boxship.storage.snapshot.image_indexes import ImageIndexes
from boxship.storage.snapshot.image_mounts import ImageMounts
from boxship.storage.snapshot.makers import HERE, Index, Makers
from boxship.storage.snapshot.parts import INDEXES, MOUNTS, Parts


class ErofsSnapshotter(Parts):
    """See `Snapshotter`. An overlay has one lower folder, whatever the number of layers."""

    def __init__(
        self,
        data_root: str,
        run_root: str,
        makers: Makers = HERE,
        *,
        kind: Literal["erofs", "erofs-loop"] = "erofs",
        direct: bool = True,
    ) -> None:
        """makers: who indexes and merges layers. kind: whether files or loop devices are mounted. direct: whether tars
        that are not in memory can be read past their page cache (the mount has one of its own).
        """
        super().__init__(data_root, Index(makers.index, makers.watch))
        self.kind: str = kind
        self._direct = direct
        indexes = f"{data_root}/{INDEXES}"
        os.makedirs(indexes, mode=0o700, exist_ok=True)
        self._indexes = ImageIndexes(indexes, self._layers, self._background, makers.merge)
        self._mounts = ImageMounts(f"{run_root}/{MOUNTS}", self._mount, self._background)

    def folders(self, diff_ids: list[str]) -> tuple[str, ...]:
        """See `Snapshotter.folders`."""
        return ()

    def ready(self, diff_ids: list[str]) -> None:
        """See `Snapshotter.ready`."""
        if diff_ids:
            self._indexes.files(diff_ids)

    def prepare(self, container_id: str, diff_ids: list[str]) -> OverlayRoot:
        """See `Snapshotter.prepare`."""
        self._layers.require(diff_ids)
        lower: tuple[str, ...] = ()
        if diff_ids:
            chain = self._indexes.chain(diff_ids)
            try:
                lower = (self._mounts.use(chain, container_id, lambda: self._indexes.files(diff_ids)),)
            except OSError as error:
                raise BoxshipError(
                    f"cannot mount the image of container {container_id}: {error.strerror or error}\n"
                    "  to do without such mounts:  boxship daemon --snapshotter folders"
                ) from error
        self._writable.prepare(container_id, diff_ids)
        return self._root(container_id, lower)

    def get(self, container_id: str) -> OverlayRoot:
        """See `Snapshotter.get`."""
        diff_ids = self._writable.layers(container_id)
        return self._root(container_id, (self._mounts.path(self._indexes.chain(diff_ids)),) if diff_ids else ())

    def remove(self, container_id: str) -> None:
        """See `Snapshotter.remove`."""
        super().remove(container_id)
        self._mounts.leave(container_id)

    def discard(self, diff_ids: Iterable[str]) -> None:
        """See `Snapshotter.discard`."""
        gone = set(diff_ids)
        # The layers first: an index that is being made is looked at again when it is there (ImageIndexes), so one of
        # the two sees that it stands on nothing.
        super().discard(gone)
        for chain in self._indexes.over(gone):
            self._mounts.drop(chain)
            self._indexes.discard(chain)

    def sweep(self) -> None:
        """See `Snapshotter.sweep`."""
        super().sweep()
        self._indexes.sweep()
        self._mounts.adopt(self._indexes.path, self._users)

    def trim(self, images: Iterable[list[str]]) -> None:
        """See `Snapshotter.trim`."""
        kept = {self._indexes.chain(diff_ids) for diff_ids in images if diff_ids}
        kept |= {chain for _, chain in self._users()}
        for chain in self._indexes.all() - kept:
            self._mounts.drop(chain)
            self._indexes.discard(chain)

    def shed(self) -> None:
        """See `Snapshotter.shed`."""
        self._layers.shed()

    def close(self) -> None:
        """See `Snapshotter.close`."""
        self._mounts.close()

    def _users(self) -> Iterator[tuple[str, str]]:
        for container_id in self._writable.containers():
            if diff_ids := self._writable.layers(container_id):
                yield container_id, self._indexes.chain(diff_ids)

    def _mount(self, index: str, data: list[str]) -> int:
        if self.kind == "erofs-loop":
            return mount_loop(index, data, direct=False)
        return mount_files(index, data, direct=self._direct and not _mostly_cached(data))


def _mostly_cached(paths: list[str]) -> bool:
    """Whether most of the files is in memory, as after a pull: whoever reads past that waits for the disk."""
    try:
        return 2 * sum(map(cached_bytes, paths)) > sum(map(os.path.getsize, paths))
    except OSError:
        return False
