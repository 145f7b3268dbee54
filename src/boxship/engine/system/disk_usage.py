"""docker system df."""

from typing import Any

from boxship.engine.container import list as containers
from boxship.engine.engine import Engine
from boxship.engine.image import list as images
from boxship.engine.system.disk_sweep import Owners, sweep
from boxship.lib.bridge import bulk, quick
from boxship.model.digest import chain_ids, hex_part


async def disk_usage(engine: Engine, kinds: frozenset[str]) -> dict[str, Any]:
    """The body of `GET /system/df` (API 1.51), sizes in bytes.

    kinds: of "container", "image", "volume", "build-cache", what to look at. All of them: also `Disk`, which Docker
    does not have: what the data root holds, found by a sweep, and whatever of it is nobody's.
    """
    body: dict[str, Any] = {"LayersSize": 0, "Images": None, "Containers": None, "Volumes": None, "BuildCache": None}
    if "image" in kinds:
        body["Images"] = images.list(engine, filters={}, shared_size=True, all=False)
        body["LayersSize"] = await quick(_layers_size, engine)
    if "container" in kinds:
        body["Containers"] = await containers.list(engine, all=True, limit=0, size=True, filters={})
    if "volume" in kinds:
        body["Volumes"] = []
    if "build-cache" in kinds:
        body["BuildCache"] = []
    if kinds >= {"container", "image", "volume", "build-cache"}:
        body["Disk"] = await bulk(_disk, engine)
    return body


def _layers_size(engine: Engine) -> int:
    layers = (engine.snapshotter.layer(diff_id) for diff_id in engine.snapshotter.layers())
    return sum(layer.size for layer in layers if layer is not None)


def _disk(engine: Engine) -> dict[str, Any]:
    known = engine.images.all()
    stood_on = [image.diff_ids for image in known] + [container.record.diff_ids for container in engine.containers]
    owners = Owners(
        layers={hex_part(diff_id) for diff_id in engine.images.needed_layers()},
        indexes={hex_part(chain_ids(diff_ids)[-1]) for diff_ids in stood_on if diff_ids},
        blobs={hex_part(image.id) for image in known},
        containers={container.id for container in engine.containers},
    )
    return sweep(str(engine.config.data_root), owners)
