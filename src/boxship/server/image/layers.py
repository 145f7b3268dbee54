"""GET /boxship/images/{name}/layers"""

from boxship.engine.engine import Engine
from boxship.engine.image import layers as verb
from boxship.http.request import Request
from boxship.server.reply import reply
from boxship.server.router import route

_LISTED = 20


@route("GET", "/boxship/images/{name}/layers")
async def layers(engine: Engine, request: Request, name: str) -> None:
    """200 with what each layer adds, changes, deletes and wastes. `hidden`: how many hidden files to list."""
    most = request.number("hidden", _LISTED)
    await reply(request, 200, await verb.layers(engine, name, max(most, 0)))
