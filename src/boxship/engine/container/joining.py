"""The namespaces of other containers: `--ipc`, `--pid` and `--network container:NAME`."""

import msgspec

from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.lib.errors import BoxshipError, Conflict, InvalidParameter, NotFound
from boxship.model.config import HostConfig
from boxship.runtime.spec.namespaces import joined_containers


def check_joined(engine: Engine, host: HostConfig) -> HostConfig:
    """At create: `host` with the ids of the containers that it joins in place of their names, which may change.

    InvalidParameter when the one whose IPC or pid namespace is to be joined is not there. A network's owner may come
    later.
    """
    changes = {}
    for kind, ref in joined_containers(host).items():
        if kind == "network" and not ref:
            raise InvalidParameter("invalid network mode: invalid container format container:<name|id>")
        try:
            changes[f"{kind}_mode"] = f"container:{engine.containers.get(ref).id}"
        except NotFound as error:
            if kind != "network":
                raise InvalidParameter(error.message) from None
    return msgspec.structs.replace(host, **changes) if changes else host


def joined_namespaces(engine: Engine, container: Container) -> dict[str, str]:
    """At a start: type as in the OCI spec -> path under /proc.

    NotFound, Conflict and BoxshipError (500, as Docker) when the other container is not there, does not run or does
    not share.
    """
    joins = {"network": _network, "ipc": _ipc, "pid": _pid}
    return {kind: joins[kind](engine, container, ref) for kind, ref in joined_containers(container.record.host).items()}


def _network(engine: Engine, container: Container, ref: str) -> str:
    try:
        other = engine.containers.get(ref)
    except NotFound as error:
        raise BoxshipError(f"joining network namespace of container: {error.message}") from None
    if other is container:
        raise BoxshipError("cannot join own network namespace")
    if not other.running:
        raise Conflict(
            f"cannot join network namespace of a non running container: container {other.name} is {other.state.phase}"
        )
    return f"/proc/{other.state.pid}/ns/net"


def _ipc(engine: Engine, container: Container, ref: str) -> str:
    other = engine.containers.get(ref)
    if not other.running:
        raise Conflict(f"failed to join IPC namespace: container {other.id} is not running")
    mode = other.record.host.ipc_mode
    if mode not in ("shareable", "host") and not mode.startswith("container:"):
        raise InvalidParameter(
            f"failed to join IPC namespace: container {other.id}: non-shareable IPC (hint: use IpcMode:shareable for "
            "the donor container)"
        )
    return f"/proc/{other.state.pid}/ns/ipc"


def _pid(engine: Engine, container: Container, ref: str) -> str:
    other = engine.containers.get(ref)
    if not other.running:
        raise BoxshipError(f"failed to join PID namespace: container {other.id} is not running")
    return f"/proc/{other.state.pid}/ns/pid"


def check_links(engine: Engine, host: HostConfig) -> None:
    """InvalidParameter for a `--link` to a container that is not there."""
    for link in host.links or ():
        name = link.partition(":")[0]
        try:
            engine.containers.get(name)
        except NotFound as error:
            raise InvalidParameter(f"could not get container for {name}: {error.message}") from None
