"""GET /exec/{id}/json"""

from boxship.engine.engine import Engine
from boxship.engine.exec import inspect as verb
from boxship.http.request import Request
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/exec/{exec_id}/json")
async def inspect(engine: Engine, request: Request, exec_id: str) -> None:
    """200 with what it is and how it ended."""
    await reply(request, 200, verb.exec_inspect(engine, exec_id))
