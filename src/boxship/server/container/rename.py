"""POST /containers/{id}/rename"""

from boxship.engine.container import rename as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server.reply import reply_empty
from boxship.server.router import route


@route("POST", "/containers/{ref}/rename")
async def rename(engine: Engine, request: Request, ref: str) -> None:
    """204 once the new name holds."""
    await verb.rename(engine, ref, request.text("name"))
    await reply_empty(request, 204)
