"""docker network connect."""

import msgspec

from boxship.engine.container.files import write_files
from boxship.engine.container.networking import membership
from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.engine.network.attach import new_endpoint, plug_of
from boxship.engine.network.making import ensure
from boxship.engine.network.names import (
    container_message,
    has_names,
    network_message,
    open_resolver,
    tell_alive,
    tell_names,
)
from boxship.engine.network.namespace import open_namespace
from boxship.engine.network.notify import publish
from boxship.engine.network.register import Network
from boxship.lib.bridge import quick
from boxship.lib.errors import BoxshipError, Conflict, Forbidden, InvalidParameter
from boxship.model.network import Endpoint, Membership


async def connect(engine: Engine, ref: str, container_ref: str, settings: object) -> None:
    """Let a container belong to one more network, at once when it runs. settings: EndpointSettings of the API.

    Forbidden when it does already; InvalidParameter where host's or another container's network is shared.
    """
    container = engine.containers.get(container_ref)
    network = engine.networks.get(ref)
    await engine.whole(_connect(engine, container, network, settings))


async def _connect(engine: Engine, container: Container, network: Network, settings: object) -> None:
    async with container.lock:
        record = container.record
        _check(record.host.network_mode, network)
        if any(one.network_id == network.id for one in record.belongs):
            raise Forbidden(f"endpoint with name {container.name} already exists in network {network.name}")
        asked = msgspec.structs.replace(membership(engine, network.name, settings), late=True)
        state = container.state
        if container.running and not container.removing:
            await ensure(engine, network)
            number = 1 + max((int(one.interface[3:]) for one in state.endpoints if one.interface), default=-1)
            endpoint = new_endpoint(network, asked, number)
            network.hold(container.id, endpoint)
            try:
                await quick(_plug, engine, container, endpoint, asked, network)
            except BaseException:
                network.let_go(container.id)
                raise
            state = msgspec.structs.replace(state, endpoints=[*state.endpoints, endpoint])
        container.record = msgspec.structs.replace(record, memberships=[*record.belongs, asked], state=state)
        await engine.containers.save(container)
        if container.running:
            await quick(write_files, container.record, engine.config.container_folder(container.id), state.endpoints)
            if has_names(network):
                await quick(tell_names, engine, [network_message(engine, network)])
            publish(engine, network, "connect", container.id)


def _check(mode: str, network: Network) -> None:
    if mode.startswith("container:") or (mode == "host" and network.record.driver != "host"):
        raise Conflict(
            "container sharing network namespace with another container or host cannot be connected to any other "
            "network"
        )
    if network.record.driver == "host":
        raise InvalidParameter(
            "cannot connect container to host network - container must be created in host network mode"
        )
    if mode == "none" or network.record.driver == "null":
        raise Forbidden(
            "container cannot be connected to multiple networks with one of the networks in private (none) mode"
        )


def _plug(engine: Engine, container: Container, endpoint: Endpoint, asked: Membership, network: Network) -> None:
    has_way = any(one.gateway4 or one.gateway6 for one in container.state.endpoints)
    try:
        with open_namespace(container) as fd:
            engine.networks.host.plug(fd, plug_of(engine, endpoint, leads_out=not has_way or asked.priority > 0))
            endpoints = [*container.state.endpoints, endpoint]
            if any(one.resolver for one in container.state.endpoints):
                tell_names(engine, [container_message(engine, container.record, endpoints)])
            elif has_names(network):
                open_resolver(engine, container.record, endpoints, fd)
                tell_alive(engine, container)
    except OSError as error:
        raise BoxshipError(f"failed to connect container {container.name}: {error.strerror or error}") from error
