"""One index for all layers of an image, whiteouts applied: what is mounted for its containers.

<chain id>/index     an EROFS index whose data lies in the layers' tars
<chain id>/layers    the diff ids, lowest first

It is named by the chain id (OCI image spec, config.md), so images with the same layers share it, and it can be made
again from the layers at any time.
"""

import os

from boxship.archive.entry import ArchiveError
from boxship.lib.atomic import sync_file, sync_folder
from boxship.lib.errors import BoxshipError
from boxship.model.digest import chain_ids, hex_part
from boxship.storage.one_at_a_time import OneAtATime
from boxship.storage.removal import Background, Bin, delete
from boxship.storage.snapshot.layer_store import LayerStore
from boxship.storage.snapshot.lines import read_lines, write_lines
from boxship.storage.snapshot.makers import Merger

_INDEX = "index"
_LAYERS = "layers"


class ImageIndexes:
    """The indexes of one data root; any thread may call."""

    def __init__(self, folder: str, layers: LayerStore, background: Background, merger: Merger) -> None:
        """`folder` exists."""
        self._folder = folder
        self._layers = layers
        self._background = background
        self._merge = merger
        self._bin = Bin(folder)
        self._turns = OneAtATime()
        self._chains: dict[tuple[str, ...], str] = {}

    def chain(self, diff_ids: list[str]) -> str:
        """The name of an image's index: the digits of its chain id."""
        key = tuple(diff_ids)
        known = self._chains.get(key)
        if known is None:
            known = self._chains[key] = hex_part(chain_ids(diff_ids)[-1])
        return known

    def files(self, diff_ids: list[str]) -> tuple[str, list[str]]:
        """The paths of an image's index, made when it is not there, and of the tars that it points into, in its order.

        NotFound when a layer is not here; ArchiveError, BoxshipError.
        """
        path = self.path(self.chain(diff_ids))
        if not os.path.exists(path):
            with self._turns.alone(path):
                if not os.path.exists(path):
                    self._make(diff_ids)
        return path, [self._layers.tar(diff_id) for diff_id in diff_ids]

    def path(self, chain: str) -> str:
        """Where the index of this name is when it is there."""
        return f"{self._folder}/{chain}/{_INDEX}"

    def over(self, diff_ids: set[str]) -> list[str]:
        """The names of the indexes that one of these layers is in."""
        return [chain for chain in self.all() if not diff_ids.isdisjoint(self._layers_of(chain))]

    def discard(self, chain: str) -> None:
        """Remove an index: its name at once, its files in the background."""
        for key in [key for key, name in list(self._chains.items()) if name == chain]:
            self._chains.pop(key, None)
        if (gone := self._bin.take(chain)) is not None:
            self._background.delete(gone)

    def sweep(self) -> None:
        """Remove what was left half made, and indexes whose layers are not all here."""
        for path in self._bin.leftovers():
            self._background.delete(path)
        here = self._layers.layers()
        for chain in self.all():
            if not here.issuperset(self._layers_of(chain)):
                self.discard(chain)

    def _make(self, diff_ids: list[str]) -> None:
        parts = [(self._layers.form(diff_id), self._layers.tar(diff_id)) for diff_id in diff_ids]
        building = self._bin.new_name()
        try:
            os.mkdir(building, 0o700)
            try:
                self._merge(parts, f"{building}/{_INDEX}")
            except ArchiveError:
                # A layer's index that a power cut has torn, or that another version wrote.
                for diff_id in diff_ids:
                    self._layers.renew(diff_id)
                self._merge(parts, f"{building}/{_INDEX}")
            write_lines(f"{building}/{_LAYERS}", diff_ids)
            for name in (_INDEX, _LAYERS):
                sync_file(f"{building}/{name}")
            sync_folder(building)
            self.discard(self.chain(diff_ids))  # what somebody's hand has left of one
            os.rename(building, f"{self._folder}/{self.chain(diff_ids)}")
            if not self._layers.layers().issuperset(diff_ids):
                self.discard(self.chain(diff_ids))  # a layer was removed meanwhile
        except OSError as error:
            raise BoxshipError(f"cannot make the index of an image in {self._folder}: {error.strerror}") from error
        finally:
            delete(building)

    def all(self) -> set[str]:
        """The names of the indexes that are there."""
        return {name for name in os.listdir(self._folder) if len(name) == 64}

    def _layers_of(self, chain: str) -> list[str]:
        # Without that file it is none of ours: it names no layer that could be here.
        return read_lines(f"{self._folder}/{chain}/{_LAYERS}") or [""]
