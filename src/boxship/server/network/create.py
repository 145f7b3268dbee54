"""POST /networks/create"""

from boxship.engine.engine import Engine
from boxship.engine.network import create as verb
from boxship.engine.network.request import NetworkRequest
from boxship.http.request import Request
from boxship.server.decode import build, read_json
from boxship.server.reply import reply
from boxship.server.router import route


@route("POST", "/networks/create")
async def create(engine: Engine, request: Request) -> None:
    """201 with the network's id."""
    asked = build(NetworkRequest, await read_json(request), "network.CreateRequest")
    await reply(request, 201, {"Id": await verb.create(engine, asked), "Warning": ""})
