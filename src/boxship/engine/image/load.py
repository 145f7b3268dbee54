"""docker load: images from an archive."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from boxship.engine.engine import Engine
from boxship.engine.image.body import Body
from boxship.engine.image.notify import publish
from boxship.engine.image.progress import progress_bar
from boxship.lib.bridge import bulk
from boxship.model.platform import Platform

Message = dict[str, Any]
# seconds between two reports on one layer
_PAUSE = 0.1


async def load(
    engine: Engine, body: AsyncIterator[bytes], *, quiet: bool, platform: Platform | None
) -> AsyncIterator[Message]:
    """Take the images of an archive; the messages of `POST /images/load`, as they come.

    body: what `docker save`, skopeo or podman wrote, plain or compressed. quiet: no progress. platform: take only
    images for it. ArchiveError and InvalidParameter when it is damaged; images that came before the damage stay.
    """
    loop = asyncio.get_running_loop()
    messages: asyncio.Queue[Message | None] = asyncio.Queue()

    def say(message: Message | None) -> None:
        loop.call_soon_threadsafe(messages.put_nowait, message)

    def report(text: str) -> None:
        say({"stream": text})

    told: dict[str, float] = {}

    def progress(layer: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - told.get(layer, 0.0) < _PAUSE:
            return
        told[layer] = now
        detail = {"current": done, "total": total}
        say({"status": "Loading layer", "progressDetail": detail, "progress": progress_bar(done, total), "id": layer})

    async def work() -> None:
        try:
            async with Body(body) as stream:
                images = await bulk(engine.images.load, stream, report, None if quiet else progress, platform)
            for image in images:
                publish(engine, image, "load")
        finally:
            say(None)

    task = asyncio.create_task(work())
    try:
        while (message := await messages.get()) is not None:
            yield message
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
