"""GET /plugins"""

from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.errors import NotFound
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/plugins")
async def list(engine: Engine, request: Request) -> None:
    """200 with no plugin."""
    await reply(request, 200, [])


@route("GET", "/plugins/{name}/json")
async def inspect(engine: Engine, request: Request, name: str) -> None:
    """404: `docker inspect` asks here last."""
    raise NotFound(f'plugin "{name}" not found')


@route("GET", "/plugins/privileges")
async def privileges(engine: Engine, request: Request) -> None:
    """200: nothing is asked for, as Docker answers where it knows of no such plugin."""
    await reply(request, 200, [])
