"""POST /containers/{id}/kill"""

from boxship.engine.container import kill as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server.reply import reply_empty
from boxship.server.router import route


@route("POST", "/containers/{ref}/kill")
async def kill(engine: Engine, request: Request, ref: str) -> None:
    """204 once the signal is sent; after KILL, once the container has ended."""
    await verb.kill(engine, ref, request.text("signal"))
    await reply_empty(request, 204)
