"""The one interface of all snapshotters."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OverlayRoot:
    """What an overlay mount needs. lower: folders, the top layer first; all paths are absolute.

    An image without layers has one empty lower folder.
    """

    lower: tuple[str, ...]
    upper: str
    work: str


class Snapshotter(Protocol):
    """All methods block (disk work) and are safe to call from any thread."""

    name: str

    def prepare(self, container_id: str, diff_ids: list[str]) -> OverlayRoot:
        """Make a writable root over the layers (lowest first); idempotent for one container id."""
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
