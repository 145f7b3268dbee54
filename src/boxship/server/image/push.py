"""POST /images/{name}/push"""

from collections.abc import AsyncIterator
from typing import Any

from boxship.engine.engine import Engine
from boxship.engine.image import push as verb
from boxship.http.request import Request
from boxship.lib.errors import BoxshipError
from boxship.server.image.lines import error_line, line
from boxship.server.params import one_platform
from boxship.server.registry import credentials_of
from boxship.server.router import route


@route("POST", "/images/{name}/push")
async def push(engine: Engine, request: Request, name: str) -> None:
    """200, then a line for each step; an error is the last line."""
    order = verb.order(
        engine, name, request.text("tag"), one_platform(request) if request.api_version >= (1, 46) else None
    )
    await request.start(200, [("Content-Type", "application/json")])
    await request.relay(_lines(verb.push(engine, order, credentials_of(request))))


async def _lines(messages: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    try:
        async for message in messages:
            yield line(message)
    except BoxshipError as error:
        yield error_line(error.message)
