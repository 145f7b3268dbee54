"""POST /containers/{id}/start"""

from boxship.engine.container import start as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.server.reply import reply_empty
from boxship.server.router import route

# The shortest JSON that says anything, in bytes; some clients send "{}" or "null".
_NOTHING = 7


@route("POST", "/containers/{ref}/start")
async def start(engine: Engine, request: Request, ref: str) -> None:
    """204, or 304 when it runs already."""
    if request.content_length > _NOTHING or request.content_length == -1:
        raise InvalidParameter(
            "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24"
        )
    await verb.start(engine, ref)
    await reply_empty(request, 204)
