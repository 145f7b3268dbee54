"""GET /containers/{id}/stats"""

from collections.abc import AsyncIterator
from typing import Any

from boxship.engine.container import stats as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server.reply import encode, reply
from boxship.server.router import route


@route("GET", "/containers/{ref}/stats")
async def stats(engine: Engine, request: Request, ref: str) -> None:
    """200, with a line of JSON a second, or with one body."""
    stream = request.flag("stream", True)
    readings = verb.stats(engine, ref, stream=stream, one_shot=request.flag("one-shot"))
    if stream:
        await request.start(200)
        await request.relay(_lines(readings))
        return
    async for reading in readings:
        await reply(request, 200, reading)


async def _lines(readings: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    async for reading in readings:
        yield encode(reading)
