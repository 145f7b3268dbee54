"""GET /images/search"""

from boxship.engine.engine import Engine
from boxship.engine.image import search as verb
from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.server.params import filters
from boxship.server.registry import credentials_of
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/images/search")
async def search(engine: Engine, request: Request) -> None:
    """200 with what was found."""
    text = request.text("limit")
    if text and not (text.isascii() and text.removeprefix("-").isdecimal() and len(text) < 10):
        raise InvalidParameter(f'invalid limit specified: strconv.Atoi: parsing "{text}": invalid syntax')
    found = await verb.search(
        engine,
        request.text("term"),
        limit=int(text or 0),
        filters=filters(request),
        credentials=credentials_of(request),
    )
    await reply(request, 200, found)
