"""GET /images/json"""

from boxship.engine.engine import Engine
from boxship.engine.image import list as verb
from boxship.http.request import Request
from boxship.server import versions
from boxship.server.params import filters
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/images/json")
async def list(engine: Engine, request: Request) -> None:
    """200 with one short body an image, the newest first."""
    chosen = filters(request)
    if request.api_version < (1, 41) and (pattern := request.text("filter")):
        # A parameter of its own before there were filters.
        chosen["reference"] = [*chosen.get("reference", []), pattern]
    bodies = verb.list(engine, filters=chosen, shared_size=request.flag("shared-size"), all=request.flag("all"))
    await reply(request, 200, versions.image_list(request.api_version, bodies))
