"""POST /containers/{id}/update"""

from boxship.engine.container import update as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.model.config import HostConfig
from boxship.model.update import READ
from boxship.server import versions
from boxship.server.decode import build, fields_of, read_json
from boxship.server.reply import reply
from boxship.server.router import route


@route("POST", "/containers/{ref}/update")
async def update(engine: Engine, request: Request, ref: str) -> None:
    """200 with warnings, null for none."""
    body = await read_json(request)
    if isinstance(body, dict):
        known = fields_of(HostConfig)
        body = {key: value for key, value in body.items() if (f := known.get(key.lower())) and f.attribute in READ}
    config = build(HostConfig, body, "container.UpdateConfig", "UpdateConfig")
    config = versions.adapt_update(request.api_version, config)
    await reply(request, 200, {"Warnings": await verb.update(engine, ref, config) or None})
