"""GET /boxship/images/{name}/diff"""

from boxship.engine.engine import Engine
from boxship.engine.image import diff as verb
from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/boxship/images/{name}/diff")
async def diff(engine: Engine, request: Request, name: str) -> None:
    """200 with how the image `to` differs from the one in the path."""
    other = request.text("to")
    if not other:
        raise InvalidParameter("the image to compare with is missing: ?to=IMAGE")
    await reply(request, 200, await verb.diff(engine, name, other))
