"""DELETE /images/{name}"""

from boxship.engine.engine import Engine
from boxship.engine.image import remove as verb
from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.server.params import platform_list
from boxship.server.reply import reply
from boxship.server.router import route


@route("DELETE", "/images/{name}")
async def remove(engine: Engine, request: Request, name: str) -> None:
    """200 with what went, in order."""
    if not name.strip():
        raise InvalidParameter("image name cannot be blank")
    gone = await verb.remove(
        engine,
        name,
        force=request.flag("force"),
        parents=not request.flag("noprune"),
        platforms=platform_list(request, "platforms") if request.api_version >= (1, 50) else [],
    )
    await reply(request, 200, gone)
