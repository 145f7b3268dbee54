"""docker rmi: names and images go."""

from boxship.engine.engine import Engine
from boxship.engine.image.notify import publish
from boxship.engine.image.platform import on_platform
from boxship.engine.image.uses import uses
from boxship.lib.bridge import quick
from boxship.lib.errors import InvalidParameter
from boxship.model.platform import Platform


async def remove(
    engine: Engine, name: str, *, force: bool, parents: bool, platforms: list[Platform]
) -> list[dict[str, str]]:
    """Remove a name, and with the last one the image; what went, as `DELETE /images/{name}` answers it.

    force: although stopped containers use it, or several names lead to it. parents: nameless ones go with it.
    platforms: one at most, which the image must be for. NotFound, Conflict, InvalidParameter.
    """
    if len(platforms) > 1:
        raise InvalidParameter("multiple platforms are not supported")
    on_platform(engine, name, platforms[0] if platforms else None)
    work = quick(engine.images.remove, name, force=force, parents=parents, in_use=uses(engine))
    gone = await engine.whole(work)
    for action, image in gone.events:
        publish(engine, image, action)
    return gone.items
