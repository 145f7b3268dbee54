"""POST /exec/{id}/resize"""

from boxship.engine.engine import Engine
from boxship.engine.exec import resize as verb
from boxship.http.request import Request
from boxship.server.params import terminal_size
from boxship.server.reply import reply_empty
from boxship.server.router import route


@route("POST", "/exec/{exec_id}/resize")
async def resize(engine: Engine, request: Request, exec_id: str) -> None:
    """200 once the terminal has its new size."""
    height, width = terminal_size(request)
    await verb.exec_resize(engine, exec_id, height, width)
    await reply_empty(request, 200)
