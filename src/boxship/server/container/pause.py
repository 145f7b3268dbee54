"""POST /containers/{id}/pause and /containers/{id}/unpause"""

from boxship.engine.container import pause as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server.reply import reply_empty
from boxship.server.router import route


@route("POST", "/containers/{ref}/pause")
async def pause(engine: Engine, request: Request, ref: str) -> None:
    """204 once every process is frozen."""
    await verb.pause(engine, ref)
    await reply_empty(request, 204)


@route("POST", "/containers/{ref}/unpause")
async def unpause(engine: Engine, request: Request, ref: str) -> None:
    """204 once they run again."""
    await verb.unpause(engine, ref)
    await reply_empty(request, 204)
