"""POST /containers/{id}/stop"""

from boxship.engine.container import stop as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server.params import timeout
from boxship.server.reply import reply_empty
from boxship.server.router import route
from boxship.server.versions import stop_signal


@route("POST", "/containers/{ref}/stop")
async def stop(engine: Engine, request: Request, ref: str) -> None:
    """204, or 304 when it does not run."""
    await verb.stop(engine, ref, signal=stop_signal(request), timeout=timeout(request))
    await reply_empty(request, 204)
