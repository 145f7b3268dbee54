"""GET /networks/{id}"""

from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.bridge import quick
from boxship.lib.errors import NotFound
from boxship.server.network.predefined import predefined
from boxship.server.reply import reply
from boxship.server.router import route


@route("GET", "/networks/{ref}")
async def inspect(engine: Engine, request: Request, ref: str) -> None:
    """200 with one network, by name, id or the beginning of an id."""
    for network in await quick(predefined, engine):
        if ref and (ref == network["Name"] or network["Id"].startswith(ref)):
            await reply(request, 200, network)
            return
    raise NotFound(f"network {ref} not found")
