"""DELETE /networks/{id}"""

from boxship.engine.engine import Engine
from boxship.engine.network import remove as verb
from boxship.http.request import Request
from boxship.server.router import route


@route("DELETE", "/networks/{ref}")
async def remove(engine: Engine, request: Request, ref: str) -> None:
    """204 when it is gone."""
    await verb.remove(engine, ref)
    await request.respond(204)
