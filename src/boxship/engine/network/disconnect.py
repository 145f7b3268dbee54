"""docker network disconnect."""

import msgspec

from boxship.engine.container.files import write_files
from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.engine.network.making import close_ports, container_ports
from boxship.engine.network.names import container_message, has_names, network_message, tell_names
from boxship.engine.network.namespace import open_namespace
from boxship.engine.network.notify import publish
from boxship.engine.network.register import Network
from boxship.lib.bridge import quick
from boxship.lib.errors import BoxshipError, InvalidParameter, NotFound
from boxship.model.network import Endpoint


async def disconnect(engine: Engine, ref: str, container_ref: str, *, force: bool) -> None:
    """Take a container out of a network, at once when it runs. BoxshipError when it is not in it.

    force: taken, but there is nothing to force: an endpoint never outlives its container here.
    """
    network = engine.networks.get(ref)
    try:
        container = engine.containers.get(container_ref)
    except NotFound:
        if force:
            # Docker looks for an endpoint that bears the name, and there is none without its container.
            raise NotFound(f"endpoint {container_ref} not found") from None
        raise
    await engine.whole(_disconnect(engine, container, network))


async def _disconnect(engine: Engine, container: Container, network: Network) -> None:
    async with container.lock:
        record, state = container.record, container.state
        if network.record.driver == "host" and container.running:
            raise InvalidParameter(
                "cannot disconnect container from host network - container was created in host network mode"
            )
        left = [one for one in record.belongs if one.network_id != network.id and one.network != network.name]
        if len(left) == len(record.belongs):
            raise BoxshipError(f"container {container.id} is not connected to network {network.name}")
        endpoint = next((one for one in state.endpoints if one.network_id == network.id), None)
        if endpoint is not None and container.running:
            await _take_out(engine, container, network, endpoint)
            state = container.state
        container.record = msgspec.structs.replace(record, memberships=left, networks=[], state=state)
        await engine.containers.save(container)
        if endpoint is not None:
            await quick(write_files, container.record, engine.config.container_folder(container.id), state.endpoints)
            if has_names(network):
                about = container_message(engine, container.record, state.endpoints)
                await quick(tell_names, engine, [about, network_message(engine, network)])
            publish(engine, network, "disconnect", container.id)


async def _take_out(engine: Engine, container: Container, network: Network, endpoint: Endpoint) -> None:
    state = container.state
    ports = container_ports(state.ports)
    closed = [one for one in ports if one.address in (endpoint.ipv4, endpoint.ipv6)]
    endpoints = [one for one in state.endpoints if one is not endpoint]
    kept = [row for row, one in zip(state.ports, ports, strict=True) if one not in closed]
    if closed:
        # First out of the state: where somebody has flushed the rules, they are made again from it.
        container.set_state(msgspec.structs.replace(state, ports=kept))
        await close_ports(engine, closed)
    await quick(_unplug, engine, container, endpoint, endpoints)
    network.let_go(container.id)
    container.set_state(msgspec.structs.replace(state, endpoints=endpoints, ports=kept))


def _unplug(engine: Engine, container: Container, endpoint: Endpoint, left: list[Endpoint]) -> None:
    try:
        with open_namespace(container) as fd:
            engine.networks.host.unplug(fd, endpoint.interface)
            # The way out may have gone with it.
            heir = next((one for one in left if one.gateway4 or one.gateway6), None)
            if heir is not None:
                engine.networks.host.lead_out(fd, heir.interface, (heir.gateway4, heir.gateway6))
    except OSError as error:
        raise BoxshipError(f"failed to disconnect container {container.name}: {error.strerror or error}") from error
