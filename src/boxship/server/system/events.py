"""GET /events"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.model.event import Event
from boxship.server.params import filters, moment_ns
from boxship.server.reply import encode
from boxship.server.router import route
from boxship.server.versions import shows_image_create


@route("GET", "/events")
async def events(engine: Engine, request: Request) -> None:
    """200 at once, then a line of JSON for every event."""
    since, until = moment_ns(request, "since"), moment_ns(request, "until")
    if until and until < since:
        raise InvalidParameter(
            f"`since` time ({request.text('since')}) cannot be after `until` time ({request.text('until')})"
        )
    stream = engine.events.subscribe(since or None, until or None, filters(request))
    # From its first step on it misses nothing: when the client has the head, that must be so.
    first = asyncio.ensure_future(anext(stream, None))
    await asyncio.sleep(0)
    try:
        await request.start(200, [("Content-Type", "application/json")])
        await request.relay(_lines(first, stream, images=shows_image_create(request.api_version)))
    finally:
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


async def _lines(
    first: "asyncio.Future[Event | None]", stream: AsyncIterator[Event], *, images: bool
) -> AsyncIterator[bytes]:
    event = await first
    while event is not None:
        if images or (event.type, event.action) != ("image", "create"):
            yield encode(body(event))
        event = await anext(stream, None)


def body(event: Event) -> dict[str, Any]:
    """An event as the API shows it, with the three members that containers and images had before all others."""
    old: dict[str, Any] = {}
    if event.type in ("container", "image"):
        old = {"status": event.action, "id": event.id}
    if event.type == "container" and (image := event.attributes.get("image", "")):
        old["from"] = image
    return old | {
        "Type": event.type,
        "Action": event.action,
        "Actor": {"ID": event.id, "Attributes": event.attributes},
        "scope": event.scope,
        "time": event.time_ns // 1_000_000_000,
        "timeNano": event.time_ns,
    }
