"""POST /build/prune"""

from boxship.engine.engine import Engine
from boxship.engine.image.moment import parse_moment
from boxship.http.request import Request
from boxship.lib.clock import now_ns
from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.server.params import filters
from boxship.server.reply import reply
from boxship.server.router import route

_KNOWN = frozenset(
    ("description", "id", "inuse", "label", "label!", "parent", "private", "shared", "type", "unused-for", "until")
)
_SIZES = ("keep-storage", "reserved-space", "max-used-space", "min-free-space")


@route("POST", "/build/prune")
async def prune(engine: Engine, request: Request) -> None:
    """200 with nothing: there is no build cache yet. What is asked for is checked as Docker checks it."""
    for name in _SIZES:
        try:
            request.number(name, 0)
        except BoxshipError as error:
            text = request.text(name)
            raise InvalidParameter(f"{name} is in bytes and expects an integer, got {text}: {error.message}") from None
    chosen = filters(request)
    for key in chosen:
        if key not in _KNOWN:
            raise InvalidParameter(f"failed to prune build cache: invalid filter '{key}'")
    for text in chosen.get("until", []):
        try:
            parse_moment(text, now_ns())
        except InvalidParameter as error:
            raise InvalidParameter(
                "failed to prune build cache: \"until\" filter expects a duration (e.g., '24h') or a timestamp: "
                + error.message
            ) from None
    engine.events.publish("builder", "prune", "", {"reclaimed": "0"})
    await reply(request, 200, {"CachesDeleted": None, "SpaceReclaimed": 0})
