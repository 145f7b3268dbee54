"""docker images."""

import builtins
from typing import Any

from boxship.engine.engine import Engine
from boxship.engine.image.filters import Selection, select
from boxship.model import digest as digests

Filters = dict[str, builtins.list[str]]


def list(engine: Engine, *, filters: Filters, shared_size: bool, all: bool = True) -> builtins.list[dict[str, Any]]:
    """The body of `GET /images/json` (API 1.51), the newest first.

    all: also images without a name that others were made from. shared_size: with the bytes that each image shares
    with others. InvalidParameter for a filter that makes no sense, NotFound for an image that `before` or `since`
    name.
    """
    uses: dict[str, int] = {}
    for container in engine.containers:
        uses[container.record.image_id] = uses.get(container.record.image_id, 0) + 1
    shared = _shared_sizes(engine) if shared_size else {}
    return [_body(chosen, uses, shared) for chosen in select(engine.images, filters, hidden=all)]


def _body(chosen: Selection, uses: dict[str, int], shared: dict[str, int]) -> dict[str, Any]:
    image = chosen.image
    return {
        "Containers": uses.get(image.id, 0),
        "Created": image.created // 1_000_000_000,
        "Id": image.id,
        "Labels": image.config.labels,
        "ParentId": image.parent,
        "RepoDigests": chosen.digests,
        "RepoTags": chosen.tags,
        "SharedSize": shared.get(image.id, -1),
        "Size": image.size,
    }


def _shared_sizes(engine: Engine) -> dict[str, int]:
    """Per image, the bytes of those of its layers that another image has at the same place of its chain."""
    images = engine.images.all()
    owners: dict[str, int] = {}
    for image in images:
        for chain in digests.chain_ids(image.diff_ids):
            owners[chain] = owners.get(chain, 0) + 1
    sizes: dict[str, int] = {}
    for image in images:
        sizes[image.id] = 0
        for diff_id, chain in zip(image.diff_ids, digests.chain_ids(image.diff_ids), strict=True):
            layer = engine.snapshotter.layer(diff_id) if owners[chain] > 1 else None
            sizes[image.id] += layer.size if layer is not None else 0
    return sizes
