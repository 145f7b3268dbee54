"""GET /images/{name}/json"""

from boxship.engine.engine import Engine
from boxship.engine.image import inspect as verb
from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.server import versions
from boxship.server.params import one_platform
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/images/{name}/json")
async def inspect(engine: Engine, request: Request, name: str) -> None:
    """200 with everything that is known of it."""
    platform = one_platform(request) if request.api_version >= (1, 49) else None
    if platform is not None and request.flag("manifests"):
        raise InvalidParameter("conflicting options: manifests and platform options cannot both be set")
    body = verb.inspect(engine, name, platform)
    await reply(request, 200, versions.image_inspect(request.api_version, body))
