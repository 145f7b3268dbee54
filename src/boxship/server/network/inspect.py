"""GET /networks/{id}"""

from boxship.engine.engine import Engine
from boxship.engine.network import inspect as verb
from boxship.http.request import Request
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/networks/{ref}")
async def inspect(engine: Engine, request: Request, ref: str) -> None:
    """200 with one network, by name, id or the beginning of an id."""
    await reply(request, 200, await verb.inspect(engine, ref))
