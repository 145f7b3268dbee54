"""GET /containers/{id}/json"""

from boxship.engine.container import inspect as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server import clients, versions
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/containers/{ref}/json")
async def inspect(engine: Engine, request: Request, ref: str) -> None:
    """200 with everything that is known of it."""
    body = await verb.inspect(engine, ref, size=request.flag("size"))
    body = clients.container_inspect(request, versions.container_inspect(request.api_version, body))
    await reply(request, 200, body)
