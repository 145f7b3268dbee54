"""POST /images/load"""

from collections.abc import AsyncIterator
from typing import Any

from boxship.engine.engine import Engine
from boxship.engine.image import load as verb
from boxship.http.request import Request
from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.server.image.lines import error_line, line
from boxship.server.params import platform_list
from boxship.server.router import route


@route("POST", "/images/load")
async def load(engine: Engine, request: Request) -> None:
    """200, then a line for each image and step; an error is the last line."""
    wanted = platform_list(request, "platform") if request.api_version >= (1, 48) else []
    if len(wanted) > 1:
        raise InvalidParameter("multiple platform parameters not supported")
    platform = wanted[0] if wanted else None
    lines = _lines(verb.load(engine, request.stream(), quiet=request.flag("quiet", True), platform=platform))
    # A client that waits to be asked for its body ("Expect: 100-continue") must not see the answer's head first.
    first = await anext(lines, b"")
    await request.start(200, [("Content-Type", "application/json")])
    await request.relay(_chain(first, lines))


async def _lines(messages: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    try:
        async for message in messages:
            yield line(message)
    except BoxshipError as error:
        yield error_line(error.message)


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for piece in rest:
        yield piece
