"""POST /networks/prune"""

from boxship.engine.engine import Engine
from boxship.engine.network import prune as verb
from boxship.http.request import Request
from boxship.server.params import filters
from boxship.server.reply import reply
from boxship.server.router import route


@route("POST", "/networks/prune")
async def prune(engine: Engine, request: Request) -> None:
    """200 with the names of what went, null for nothing."""
    await reply(request, 200, {"NetworksDeleted": await verb.prune(engine, filters(request)) or None})
