"""GET /info"""

from boxship.engine.engine import Engine
from boxship.engine.system import info as verb
from boxship.http.request import Request
from boxship.server import versions
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/info")
async def info(engine: Engine, request: Request) -> None:
    """200 with what the engine and its machine are and hold."""
    await reply(request, 200, versions.info(request.api_version, await verb.info(engine)))
