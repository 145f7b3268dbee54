"""GET /containers/{id}/top"""

from boxship.engine.container import top as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/containers/{ref}/top")
async def top(engine: Engine, request: Request, ref: str) -> None:
    """200 with the titles of ps and a row for every process."""
    await reply(request, 200, await verb.top(engine, ref, request.text("ps_args")))
