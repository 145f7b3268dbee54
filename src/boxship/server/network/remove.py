"""DELETE /networks/{id}"""

from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.bridge import quick
from boxship.lib.errors import Forbidden, NotFound
from boxship.server.network.predefined import predefined
from boxship.server.router import route


@route("DELETE", "/networks/{ref}")
async def remove(engine: Engine, request: Request, ref: str) -> None:
    """403 for those that are always there, 404 for others."""
    for network in await quick(predefined, engine):
        if ref and (ref == network["Name"] or network["Id"].startswith(ref)):
            raise Forbidden(f"{network['Name']} is a pre-defined network and cannot be removed")
    raise NotFound(f"network {ref} not found")
