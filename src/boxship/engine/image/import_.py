"""docker import: an image from the tar of a root file system."""

from collections.abc import AsyncIterator

from boxship.engine.engine import Engine
from boxship.engine.image.body import Body
from boxship.engine.image.notify import publish
from boxship.lib.bridge import bulk
from boxship.model import platform as platforms
from boxship.model.reference import parse_tag_target


async def import_(
    engine: Engine,
    body: AsyncIterator[bytes],
    *,
    repository: str,
    tag: str,
    changes: list[str],
    message: str,
    platform: str,
) -> str:
    """Make an image of one layer; its id.

    body: the tar, plain or compressed. repository: its name, "" for none; tag: "" for latest. changes: Dockerfile
    instructions. message: its comment. platform: "os/arch/variant", "" for this machine's.
    InvalidParameter for a bad name, change or platform; ArchiveError for a bad tar; nothing stays then.
    """
    reference = parse_tag_target(repository, tag) if repository else None
    target = platforms.parse(platform) if platform else platforms.host()
    async with Body(body) as stream:
        image = await bulk(
            engine.images.import_rootfs,
            stream,
            reference=reference,
            changes=changes,
            message=message,
            platform=target,
        )
    if reference is not None:
        publish(engine, image, "tag", reference.familiar)
    publish(engine, image, "import")
    return image.id
