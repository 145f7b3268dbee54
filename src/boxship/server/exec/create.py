"""POST /containers/{id}/exec"""

import msgspec

from boxship.engine.engine import Engine
from boxship.engine.exec import create as verb
from boxship.http.request import Request
from boxship.model.container import ExecConfig
from boxship.server.decode import build, read_json
from boxship.server.reply import reply
from boxship.server.router import route
from boxship.server.versions import console_size


@route("POST", "/containers/{ref}/exec")
async def create(engine: Engine, request: Request, ref: str) -> None:
    """201 with the exec's id; it does not run yet."""
    config = build(ExecConfig, await read_json(request))
    config = msgspec.structs.replace(config, console_size=console_size(request, config.console_size))
    exec_id = await verb.exec_create(engine, ref, config)
    await reply(request, 201, {"Id": exec_id})
