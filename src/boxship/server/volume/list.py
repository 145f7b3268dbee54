"""GET /volumes"""

from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server.params import filters
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/volumes")
async def list(engine: Engine, request: Request) -> None:
    """200 with no volume: this engine has none yet."""
    filters(request)
    await reply(request, 200, {"Volumes": [], "Warnings": None})
