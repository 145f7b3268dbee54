"""GET /networks"""

from boxship.engine.engine import Engine
from boxship.engine.network import list as verb
from boxship.http.request import Request
from boxship.server.params import filters
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/networks")
async def list(engine: Engine, request: Request) -> None:
    """200 with the networks that pass the filters."""
    await reply(request, 200, verb.list(engine, filters(request)))
