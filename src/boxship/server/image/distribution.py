"""GET /distribution/{name}/json"""

from boxship.engine.engine import Engine
from boxship.engine.image import distribution as verb
from boxship.http.request import Request
from boxship.server.registry import credentials_of
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/distribution/{name}/json")
async def distribution(engine: Engine, request: Request, name: str) -> None:
    """200 with the descriptor and the platforms."""
    await reply(request, 200, await verb.distribution(engine, name, credentials_of(request)))
