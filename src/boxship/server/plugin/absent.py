"""What can be asked of one plugin: this engine has none, so none is found."""

from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.errors import NotFound
from boxship.server.router import route


async def not_found(engine: Engine, request: Request, name: str) -> None:
    """404."""
    raise NotFound(f'plugin "{name}" not found')


for _method, _pattern in (
    ("DELETE", "/plugins/{name}"),
    ("POST", "/plugins/{name}/enable"),
    ("POST", "/plugins/{name}/disable"),
    ("POST", "/plugins/{name}/push"),
    ("POST", "/plugins/{name}/set"),
    ("POST", "/plugins/{name}/upgrade"),
):
    route(_method, _pattern)(not_found)
