"""Swarm's API on an engine that is in no swarm: 503, in the words that every such Docker answers with."""

from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.errors import BoxshipError, InvalidParameter, Unavailable
from boxship.server.router import Verb, route

_KINDS = ("nodes", "services", "tasks", "secrets", "configs")
_NO_MANAGER = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to '
    "swarm and try again."
)
_LARGEST = (1 << 64) - 1


async def no_manager(engine: Engine, request: Request, **_: str) -> None:
    """503."""
    raise Unavailable(_NO_MANAGER)


def _change(kind: str) -> Verb:
    """A change names the version that it changes: that is looked at first."""

    async def verb(engine: Engine, request: Request, **_: str) -> None:
        text = request.text("version")
        if not (text.isascii() and text.isdecimal() and int(text) <= _LARGEST):
            if kind in ("secret", "config"):
                raise InvalidParameter(f"invalid {kind} version")
            raise InvalidParameter(
                f"invalid {kind} version '{text}': strconv.ParseUint: parsing \"{text}\": invalid syntax"
            )
        raise Unavailable(_NO_MANAGER)

    return verb


async def logs(engine: Engine, request: Request, ref: str) -> None:
    """503, once the client says which streams it wants."""
    if not (request.flag("stdout") or request.flag("stderr")):
        raise BoxshipError("Bad parameters: you must choose at least one stream")
    raise Unavailable(_NO_MANAGER)


@route("POST", "/swarm/leave")
async def leave(engine: Engine, request: Request) -> None:
    """503: there is none to leave."""
    raise Unavailable("This node is not part of a swarm")


@route("PUT", "/volumes/{name}")
async def update_volume(engine: Engine, request: Request, name: str) -> None:
    """503: only volumes of a cluster can be changed."""
    raise Unavailable("volume update only valid for cluster volumes, but swarm is unavailable")


route("GET", "/swarm")(no_manager)
route("GET", "/swarm/unlockkey")(no_manager)
route("POST", "/swarm/unlock")(no_manager)
route("POST", "/swarm/update")(_change("swarm"))
for _kind in _KINDS:
    route("GET", f"/{_kind}")(no_manager)
    route("GET", f"/{_kind}/{{ref}}")(no_manager)
    if _kind == "tasks":
        continue
    route("DELETE", f"/{_kind}/{{ref}}")(no_manager)
    route("POST", f"/{_kind}/{{ref}}/update")(_change(_kind.removesuffix("s")))
    if _kind != "nodes":
        route("POST", f"/{_kind}/create")(no_manager)
for _kind in ("services", "tasks"):
    route("GET", f"/{_kind}/{{ref}}/logs")(logs)
