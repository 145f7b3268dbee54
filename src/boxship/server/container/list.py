"""GET /containers/json"""

from boxship.engine.container import list as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server import versions
from boxship.server.params import filters
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/containers/json")
async def list(engine: Engine, request: Request) -> None:
    """200 with one short body a container, the newest first."""
    bodies = await verb.list(
        engine,
        all=request.flag("all"),
        limit=request.number("limit", 0),
        size=request.flag("size"),
        filters=filters(request),
    )
    await reply(request, 200, versions.container_list(request.api_version, bodies))
