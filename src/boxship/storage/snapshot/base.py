"""The one interface of all snapshotters."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from boxship.storage.layers import Layer
from boxship.storage.snapshot.writer import LayerWriter

KINDS = ("erofs", "erofs-loop", "folders")
"""The snapshotters, the best first."""


@dataclass(frozen=True, slots=True)
class OverlayRoot:
    """What an overlay mount needs. lower: folders, the top layer first; all paths are absolute.

    An image without layers has one empty lower folder. Of some
    snapshotters the one lower folder is the mount of the whole image.
    """

    lower: tuple[str, ...]
    upper: str
    work: str


class Snapshotter(Protocol):
    """Layers, and the writable roots of containers over them.

    All methods block (disk work) and are safe to call from any thread.
    """

    name: str
    """What Docker's clients are told: they know "overlay2", and a container's root is an overlay always."""
    kind: str
    """Which one it is, of KINDS."""

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
        """The folders with the files of the layers (lowest first), the top one first, for people to look at; none where
        layers are not unpacked.
        """
        ...

    def discard(self, diff_ids: Iterable[str]) -> None:
        """Remove layers that nothing uses any more; those that are not here are passed over."""
        ...

    def sweep(self) -> None:
        """At start, before anything else: remove what a killed daemon left half made or half removed."""
        ...

    def ready(self, diff_ids: list[str]) -> None:
        """Do beforehand what the first container over these layers would wait for. NotFound, ArchiveError,
        BoxshipError.
        """
        ...

    def expect(self, diff_ids: list[str]) -> None:
        """The same in the background; what fails then, fails again at `prepare`."""
        ...

    def trim(self, images: Iterable[list[str]]) -> None:
        """Remove what had been made of stacks of layers that are no image any more, and that no container stands on.

        images: the layers of each image that there is.
        """
        ...

    def shed(self) -> None:
        """Remove what another snapshotter had made of the layers; to be called at start, when no container runs."""
        ...

    def close(self) -> None:
        """At an end with nothing running: take away what is mounted for containers. OSError."""
        ...

    def prepare(self, container_id: str, diff_ids: list[str]) -> OverlayRoot:
        """Make a writable root over the layers (lowest first); idempotent for one container id.

        What the root needs stays mounted until `remove`, or until a daemon ends with nothing running.
        NotFound when a layer is not here; ArchiveError, BoxshipError.
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
