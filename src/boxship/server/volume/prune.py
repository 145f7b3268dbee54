"""POST /volumes/prune"""

from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.server.params import filters
from boxship.server.reply import reply
from boxship.server.router import route

_KNOWN = frozenset({"all", "label", "label!"})
# strconv.ParseBool
_BOOLS = frozenset({"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"})


@route("POST", "/volumes/prune")
async def prune(engine: Engine, request: Request) -> None:
    """200 with no volume: this engine has none yet."""
    chosen = filters(request)
    for key in chosen:
        if key not in _KNOWN:
            raise InvalidParameter(f"invalid filter '{key}'")
    for text in chosen.get("all", []):
        if text not in _BOOLS:
            raise InvalidParameter(f"invalid filter 'all': strconv.ParseBool: parsing \"{text}\": invalid syntax")
    engine.events.publish("volume", "prune", "", {"reclaimed": "0"})
    await reply(request, 200, {"VolumesDeleted": [], "SpaceReclaimed": 0})
