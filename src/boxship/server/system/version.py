"""GET /version"""

from boxship.engine.engine import Engine
from boxship.engine.system import version as verb
from boxship.http.request import Request
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/version")
async def version(engine: Engine, request: Request) -> None:
    """200 with the engine's version and the API versions it speaks."""
    await reply(request, 200, verb.version())
