"""The trees of an image's layers, from their tars: whatever form the snapshotter keeps their files in."""

from __future__ import annotations

import os
from collections.abc import Sequence

from boxship.archive.entry import ArchiveError
from boxship.archive.erofs.merge import Bound
from boxship.archive.erofs.node import Node
from boxship.archive.erofs.scan import scan_file
from boxship.archive.erofs.store import read_layer
from boxship.image.explain.contents import LayerData
from boxship.storage.snapshot.base import Snapshotter
from boxship.storage.snapshot.makers import Index


def layer_data(snapshotter: Snapshotter, diff_ids: Sequence[str]) -> list[LayerData]:
    """Every layer, the lowest first; the caller holds them. NotFound, ArchiveError, OSError. Blocks."""
    found = []
    bound = Bound()
    for diff_id in diff_ids:
        tar = snapshotter.tar(diff_id)
        found.append(LayerData(diff_id, _tree(tar, bound), tar))
    return found


def _tree(tar: str, bound: Bound) -> Node:
    # Where layers are mounted, their index lies beside the tar.
    index = f"{os.path.dirname(tar)}/{Index.name}"
    try:
        root, indexed = read_layer(index)
    except (FileNotFoundError, ArchiveError):
        scanner = scan_file(tar)
        bound.add(*scanner.takes)
        return scanner.root
    bound.add(indexed.inodes, os.stat(index).st_size)
    return root
