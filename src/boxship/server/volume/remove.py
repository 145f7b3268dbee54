"""DELETE /volumes/{name}"""

from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.errors import NotFound
from boxship.server.router import route


@route("DELETE", "/volumes/{name}")
async def remove(engine: Engine, request: Request, name: str) -> None:
    """404: this engine has no volumes yet."""
    raise NotFound(f"get {name}: no such volume")
