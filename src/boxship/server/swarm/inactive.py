"""The read-only half of swarm's API, which `docker inspect` asks last: this engine is in no swarm."""

from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.errors import Unavailable
from boxship.server.router import route

_KINDS = ("nodes", "services", "tasks", "secrets", "configs")


async def no_manager(engine: Engine, request: Request, **_: str) -> None:
    """503, as every Docker that is in no swarm answers."""
    raise Unavailable(
        'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to '
        "swarm and try again."
    )


route("GET", "/swarm")(no_manager)
for _kind in _KINDS:
    route("GET", f"/{_kind}")(no_manager)
    route("GET", f"/{_kind}/{{ref}}")(no_manager)
