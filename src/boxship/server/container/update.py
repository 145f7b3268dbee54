"""POST /containers/{id}/update"""

from boxship.engine.container import update as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.model.update import UpdateConfig
from boxship.server import versions
from boxship.server.decode import build, read_json
from boxship.server.reply import reply
from boxship.server.router import route


@route("POST", "/containers/{ref}/update")
async def update(engine: Engine, request: Request, ref: str) -> None:
    """200 with warnings, null for none."""
    config = build(UpdateConfig, await read_json(request), path="UpdateConfig")
    config = versions.adapt_update(request.api_version, config)
    await reply(request, 200, {"Warnings": await verb.update(engine, ref, config) or None})
