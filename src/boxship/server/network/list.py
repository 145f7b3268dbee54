"""GET /networks"""

import builtins
from typing import Any

from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.bridge import quick
from boxship.lib.errors import InvalidParameter
from boxship.server.network.predefined import predefined
from boxship.server.params import filters
from boxship.server.reply import reply
from boxship.server.router import route

_KNOWN = frozenset({"dangling", "driver", "id", "label", "name", "scope", "type"})


@route("GET", "/networks")
async def list(engine: Engine, request: Request) -> None:
    """200 with the predefined networks that pass the filters."""
    chosen = filters(request)
    for key in chosen:
        if key not in _KNOWN:
            raise InvalidParameter(f"invalid filter '{key}'")
    networks = await quick(predefined, engine)
    await reply(request, 200, [network for network in networks if _passes(network, chosen)])


def _passes(network: dict[str, Any], chosen: dict[str, builtins.list[str]]) -> bool:
    return all(any(_holds(network, key, value) for value in values) for key, values in chosen.items() if values)


def _holds(network: dict[str, Any], key: str, value: str) -> bool:
    match key:
        case "id":
            return bool(network["Id"].startswith(value))
        case "name":
            return value in network["Name"]
        case "driver" | "scope":
            return bool(network[key.title()] == value)
        case "type":
            return value == "builtin"
        case "dangling":
            # Nobody can remove them.
            return value in ("0", "false")
    # They have no labels.
    return False
