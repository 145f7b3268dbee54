"""POST /images/prune"""

from boxship.engine.engine import Engine
from boxship.engine.image import prune as verb
from boxship.http.request import Request
from boxship.server.params import filters
from boxship.server.reply import reply
from boxship.server.router import route


@route("POST", "/images/prune")
async def prune(engine: Engine, request: Request) -> None:
    """200 with what was removed."""
    await reply(request, 200, await verb.prune(engine, filters(request)))
