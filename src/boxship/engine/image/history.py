"""docker history."""

from typing import Any

from boxship.engine.engine import Engine
from boxship.engine.image.platform import on_platform
from boxship.image.config import history_of
from boxship.lib.bridge import quick
from boxship.model.image import ImageRecord
from boxship.model.platform import Platform


async def history(engine: Engine, name: str, platform: Platform | None = None) -> list[dict[str, Any]]:
    """The body of `GET /images/{name}/history`: how the image came to be, the last step first.

    Steps of images that were made elsewhere have no id of their own. NotFound, also for an image that is not for
    `platform`; InvalidParameter.
    """
    image = on_platform(engine, name, platform)
    blob = await quick(engine.images.config_blob, image.id)
    return await quick(_steps, engine, image, blob)


def _steps(engine: Engine, image: ImageRecord, blob: bytes) -> list[dict[str, Any]]:
    layers = iter(image.diff_ids)
    steps: list[dict[str, Any]] = []
    for step in history_of(blob):
        layer = engine.snapshotter.layer(next(layers, "")) if not step.empty_layer else None
        steps.append(
            {
                "Comment": step.comment,
                "Created": step.created // 1_000_000_000,
                "CreatedBy": step.created_by,
                "Id": "<missing>",
                "Size": layer.size if layer is not None else 0,
                "Tags": None,
            }
        )
    steps.reverse()
    owner: ImageRecord | None = image
    for entry in steps:
        if owner is None:
            break
        entry["Id"] = owner.id
        entry["Tags"] = owner.tags or None
        owner = engine.images.catalog.get(owner.parent)
    return steps
