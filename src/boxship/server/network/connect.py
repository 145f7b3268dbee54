"""POST /networks/{id}/connect"""

from boxship.engine.engine import Engine
from boxship.engine.network import connect as verb
from boxship.http.request import Request
from boxship.server.decode import read_json
from boxship.server.network.body import container_of
from boxship.server.router import route


@route("POST", "/networks/{ref}/connect")
async def connect(engine: Engine, request: Request, ref: str) -> None:
    """200 when it is done."""
    body = await read_json(request)
    await verb.connect(engine, ref, container_of(body), body.get("EndpointConfig"))
    await request.respond(200)
