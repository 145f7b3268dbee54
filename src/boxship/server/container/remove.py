"""DELETE /containers/{id}"""

from boxship.engine.container import remove as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.server.reply import reply_empty
from boxship.server.router import route


@route("DELETE", "/containers/{ref}")
async def remove(engine: Engine, request: Request, ref: str) -> None:
    """204 once it is gone."""
    force, volumes, link = request.flag("force"), request.flag("v"), request.flag("link")
    if not ref:
        raise InvalidParameter('invalid name or ID supplied: ""')
    await verb.remove(engine, ref, force=force, volumes=volumes, link=link)
    await reply_empty(request, 204)
