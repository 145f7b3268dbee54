"""docker rmi: names and images go."""

from collections import defaultdict

from boxship.engine.engine import Engine
from boxship.engine.image.notify import publish
from boxship.lib.bridge import quick
from boxship.model.image import ContainerUse


async def remove(engine: Engine, name: str, *, force: bool) -> list[dict[str, str]]:
    """Remove a name, and with the last one the image; what went, as `DELETE /images/{name}` answers it.

    force: although stopped containers use it, or several names lead to it. NotFound, Conflict, InvalidParameter.
    """
    image = engine.images.resolve(name)
    uses: defaultdict[str, list[ContainerUse]] = defaultdict(list)
    for container in engine.containers:
        uses[container.record.image_id].append(ContainerUse(container.id, container.active))
    gone = await engine.whole(quick(engine.images.remove, name, force=force, in_use=lambda image_id: uses[image_id]))
    for item in gone:
        if "Untagged" in item:
            publish(engine, image, "untag")
        elif item["Deleted"] == image.id:
            publish(engine, image, "delete")
    return gone
