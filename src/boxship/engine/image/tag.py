"""docker tag: one more name for an image."""

from boxship.engine.engine import Engine
from boxship.engine.image.notify import publish
from boxship.lib.bridge import quick
from boxship.model.reference import parse_tag_target


async def tag(engine: Engine, name: str, *, repository: str, tag: str) -> None:
    """Let `repository:tag` lead to the image; a name that led elsewhere moves. tag: "" for latest.

    Nothing happens without a repository, as in Docker. InvalidParameter, NotFound.
    """
    if not repository:
        return
    target = parse_tag_target(repository, tag)
    image = await quick(engine.images.tag, name, target)
    publish(engine, image, "tag", target.familiar)
