"""GET /images/{name}/history"""

from boxship.engine.engine import Engine
from boxship.engine.image import history as verb
from boxship.http.request import Request
from boxship.server.params import one_platform
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/images/{name}/history")
async def history(engine: Engine, request: Request, name: str) -> None:
    """200 with the image's steps, the last one first."""
    platform = one_platform(request) if request.api_version >= (1, 48) else None
    await reply(request, 200, await verb.history(engine, name, platform))
