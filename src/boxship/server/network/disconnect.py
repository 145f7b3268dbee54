"""POST /networks/{id}/disconnect"""

from boxship.engine.engine import Engine
from boxship.engine.network import disconnect as verb
from boxship.http.request import Request
from boxship.server.decode import read_json
from boxship.server.network.body import container_of
from boxship.server.router import route


@route("POST", "/networks/{ref}/disconnect")
async def disconnect(engine: Engine, request: Request, ref: str) -> None:
    """200 when it is done."""
    body = await read_json(request)
    await verb.disconnect(engine, ref, container_of(body), force=bool(body.get("Force")))
    await request.respond(200)
