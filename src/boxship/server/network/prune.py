"""POST /networks/prune"""

from boxship.engine.engine import Engine
from boxship.engine.image.moment import parse_moment
from boxship.http.request import Request
from boxship.lib.clock import now_ns
from boxship.lib.errors import InvalidParameter
from boxship.server.params import filters
from boxship.server.reply import reply
from boxship.server.router import route

_KNOWN = frozenset({"label", "label!", "until"})


@route("POST", "/networks/prune")
async def prune(engine: Engine, request: Request) -> None:
    """200 with no network: those that there are can't be removed."""
    chosen = filters(request)
    for key in chosen:
        if key not in _KNOWN:
            raise InvalidParameter(f"invalid filter '{key}'")
    moments = chosen.get("until", [])
    if len(moments) > 1:
        raise InvalidParameter("more than one until filter specified")
    for text in moments:
        parse_moment(text, now_ns())
    engine.events.publish("network", "prune", "", {"reclaimed": "0"})
    await reply(request, 200, {"NetworksDeleted": None})
