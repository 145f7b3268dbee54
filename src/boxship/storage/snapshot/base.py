"""The one interface of all snapshotters."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from boxship.storage.layers import Layer
from boxship.storage.snapshot.writer import LayerWriter


@dataclass(frozen=True, slots=True)
class OverlayRoot:
    """What an overlay mount needs. lower: folders, the top layer first; all paths are absolute.

    An image without layers has one empty lower folder.
    """

    lower: tuple[str, ...]
    upper: str
    work: str


# (path of an uncompressed tar, path of an empty folder) -> size of the files in bytes. ArchiveError, OSError.
Unpacker = Callable[[str, str], int]


class Snapshotter(Protocol):
    """Layers, and the writable roots of containers over them.

    All methods block (disk work) and are safe to call from any thread.
    """

    name: str

    def begin(self) -> LayerWriter:
        """Take a layer as it comes: `write` its uncompressed tar, then `commit` its diff id. BoxshipError."""
        ...

    def spool_path(self) -> str:
        """A new path, on the file system of the layers, for the tar that `add` will take."""
        ...

    def add(self, tar: str, diff_id: str) -> Layer:
        """Take the uncompressed tar at `tar`, whose digest is `diff_id`, as a layer.

        The file is taken or removed in any case. Two calls for one layer do the work once. ArchiveError when the
        tar is damaged or hostile: nothing of it stays then.
        """
        ...

    def layer(self, diff_id: str) -> Layer | None:
        """A layer that is here, None when it is not."""
        ...

    def layers(self) -> set[str]:
        """The diff ids of all layers that are here."""
        ...

    def tar(self, diff_id: str) -> str:
        """The path of the layer's uncompressed tar, bit for bit as it came. NotFound when there is no layer."""
        ...

    def folders(self, diff_ids: list[str]) -> tuple[str, ...]:
        """The folders with the files of the layers (lowest first), the top one first, for people to look at."""
        ...

    def discard(self, diff_ids: Iterable[str]) -> None:
        """Remove layers that nothing uses any more; those that are not here are passed over."""
        ...

    def sweep(self) -> None:
        """At start, before anything else: remove what a killed daemon left half made or half removed."""
        ...

    def prepare(self, container_id: str, diff_ids: list[str]) -> OverlayRoot:
        """Make a writable root over the layers (lowest first); idempotent for one container id.

        NotFound when a layer is not here.
        """
        ...

    def get(self, container_id: str) -> OverlayRoot:
        """The root that `prepare` made. NotFound when there is none."""
        ...

    def remove(self, container_id: str) -> None:
        """Remove the writable layer; nothing to do when it is not there."""
        ...

    def containers(self) -> list[str]:
        """The ids that have a writable layer: at boot, those that no container has any more are removed."""
        ...
