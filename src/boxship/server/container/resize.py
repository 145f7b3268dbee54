"""POST /containers/{id}/resize"""

from boxship.engine.container import resize as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server.params import terminal_size
from boxship.server.reply import reply_empty
from boxship.server.router import route


@route("POST", "/containers/{ref}/resize")
async def resize(engine: Engine, request: Request, ref: str) -> None:
    """200 once the terminal has its new size."""
    height, width = terminal_size(request)
    await verb.resize(engine, ref, height, width)
    await reply_empty(request, 200)
