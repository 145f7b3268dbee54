"""The trees of an image's layers, from their tars: whatever form the snapshotter keeps their files in."""

from __future__ import annotations

import os
from collections.abc import Sequence

from boxship.archive.entry import ArchiveError
from boxship.archive.erofs.merge import check_inodes
from boxship.archive.erofs.node import Node, walk
from boxship.archive.erofs.scan import scan_file
from boxship.archive.erofs.store import read_layer
from boxship.image.explain.contents import LayerData
from boxship.storage.snapshot.base import Snapshotter
from boxship.storage.snapshot.makers import Index


def layer_data(snapshotter: Snapshotter, diff_ids: Sequence[str]) -> list[LayerData]:
    """Every layer, the lowest first; the caller holds them. NotFound, ArchiveError, OSError. Blocks."""
    found = []
    inodes = 0
    for diff_id in diff_ids:
        tar = snapshotter.tar(diff_id)
        tree, count = _tree(tar)
        inodes += count
        check_inodes(inodes)
        found.append(LayerData(diff_id, tree, tar))
    return found


def _tree(tar: str) -> tuple[Node, int]:
    # Where layers are mounted, their index lies beside the tar.
    try:
        root, indexed = read_layer(f"{os.path.dirname(tar)}/{Index.name}")
    except (FileNotFoundError, ArchiveError):
        root = scan_file(tar).root
        return root, len(walk(root))
    return root, indexed.inodes
