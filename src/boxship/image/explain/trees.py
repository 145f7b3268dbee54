"""The trees of an image's layers, from their tars: whatever form the snapshotter keeps their files in."""

from __future__ import annotations

from collections.abc import Sequence

from boxship.archive.erofs.scan import scan_file
from boxship.image.explain.difference import LayerData
from boxship.storage.snapshot.base import Snapshotter


def layer_data(snapshotter: Snapshotter, diff_ids: Sequence[str]) -> list[LayerData]:
    """Every layer, the lowest first; the caller holds them. NotFound, ArchiveError, OSError. Blocks."""
    found = []
    for diff_id in diff_ids:
        tar = snapshotter.tar(diff_id)
        found.append(LayerData(diff_id, scan_file(tar).root, tar))
    return found
