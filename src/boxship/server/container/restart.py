"""POST /containers/{id}/restart"""

from boxship.engine.container import restart as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server.params import timeout
from boxship.server.reply import reply_empty
from boxship.server.router import route
from boxship.server.versions import stop_signal


@route("POST", "/containers/{ref}/restart")
async def restart(engine: Engine, request: Request, ref: str) -> None:
    """204."""
    await verb.restart(engine, ref, signal=stop_signal(request), timeout=timeout(request))
    await reply_empty(request, 204)
