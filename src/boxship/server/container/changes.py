"""GET /containers/{id}/changes"""

from boxship.engine.container import changes as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/containers/{ref}/changes")
async def changes(engine: Engine, request: Request, ref: str) -> None:
    """200 with the list, null when there is nothing."""
    found = await request.unless_gone(verb.changes(engine, ref))
    await reply(request, 200, [{"Path": path, "Kind": kind} for path, kind in found] or None)
