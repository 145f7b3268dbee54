"""GET /images/{name}/json"""

from boxship.engine.engine import Engine
from boxship.engine.image import inspect as verb
from boxship.http.request import Request
from boxship.server import versions
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/images/{name}/json")
async def inspect(engine: Engine, request: Request, name: str) -> None:
    """200 with everything that is known of it."""
    await reply(request, 200, versions.image_inspect(request.api_version, verb.inspect(engine, name)))
