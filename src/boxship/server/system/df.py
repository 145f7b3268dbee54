"""GET /system/df"""

from boxship.engine.engine import Engine
from boxship.engine.system import disk_usage as verb
from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.server import versions
from boxship.server.reply import reply
from boxship.server.router import route

_KINDS = frozenset({"container", "image", "volume", "build-cache"})


@route("GET", "/system/df")
async def df(engine: Engine, request: Request) -> None:
    """200 with what takes space."""
    kinds = _KINDS
    if request.api_version >= (1, 42) and "type" in request.query:
        kinds = frozenset(request.query["type"])
        for kind in request.query["type"]:
            if kind not in _KINDS:
                raise InvalidParameter(f"unknown object type: {kind}")
    body = await verb.disk_usage(engine, kinds)
    await reply(request, 200, versions.disk_usage(request.api_version, body))
