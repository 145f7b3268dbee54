"""What the dns process is told: who is in which network under which names, and who asks."""

import os
from typing import Any

from boxship.engine.container.files import host_servers
from boxship.engine.container.register import Container
from boxship.engine.container.shapes import dns_names
from boxship.engine.engine import Engine
from boxship.engine.network.register import Network
from boxship.model.container import ContainerRecord
from boxship.model.network import Endpoint, Membership


def has_names(network: Network) -> bool:
    """Whether containers find each other by name there: not in the predefined networks, as with Docker."""
    return network.record.driver == "bridge" and not network.record.predefined


def entries(engine: Engine, network: Network) -> list[dict[str, Any]]:
    """The whole content of a network's names, in the order of the containers' making."""
    found = []
    for container in engine.containers:
        endpoint = network.endpoints.get(container.id)
        if endpoint is None:
            continue
        asked = next((one for one in container.record.belongs if _means(one, network)), None)
        names = dns_names(container.record, asked) if asked is not None else None
        addresses = [address for address in (endpoint.ipv4, endpoint.ipv6) if address]
        if names and addresses:
            found.append({"names": names, "addresses": addresses})
    return found


def network_message(engine: Engine, network: Network) -> dict[str, Any]:
    """All names of a network."""
    return {"op": "network", "id": network.id, "name": network.name, "entries": entries(engine, network)}


def container_message(engine: Engine, record: ContainerRecord, endpoints: list[Endpoint]) -> dict[str, Any]:
    """Who asks, what it may know, and whom else to ask (blocks: reads resolv.conf)."""
    networks = [network for one in endpoints if (network := engine.networks.by_id(one.network_id)) is not None]
    outside = any(not network.record.internal for network in networks)
    servers = list(record.host.dns or ()) or host_servers()
    return {
        "op": "container",
        "id": record.id,
        "networks": [network.id for network in networks if has_names(network)],
        # Who can't reach the world can't ask it either.
        "servers": servers if outside else [],
        "own": _links(record),
    }


def open_resolver(engine: Engine, record: ContainerRecord, endpoints: list[Endpoint], namespace: int) -> None:
    """Give a container's namespace its resolver (blocks). OSError, BoxshipError."""
    udp, tcp = engine.networks.host.resolver_sockets(namespace)
    try:
        engine.networks.dns.call(container_message(engine, record, endpoints), (udp.fileno(), tcp.fileno()))
    finally:
        udp.close()
        tcp.close()


def tell_names(engine: Engine, messages: list[dict[str, Any]]) -> None:
    """Send what `network_message` and others have made (blocks)."""
    for message in messages:
        engine.networks.dns.call(message)


def tell_alive(engine: Engine, container: Container) -> None:
    """Let the resolver go with the container's first process, also while no daemon is there (blocks)."""
    try:
        pidfd = os.pidfd_open(container.state.pid)
    except OSError:
        # It has ended already; its exit is on the way.
        return
    try:
        engine.networks.dns.call({"op": "alive", "id": container.id}, (pidfd,))
    finally:
        os.close(pidfd)


def _links(record: ContainerRecord) -> dict[str, str]:
    """alias -> container, of links in user-defined networks."""
    found = {}
    for one in record.belongs:
        for link in one.links or ():
            name, _, alias = link.partition(":")
            found[(alias or name).lower()] = name.lower()
    return found


def _means(membership: Membership, network: Network) -> bool:
    return membership.network_id == network.id or (not membership.network_id and membership.network == network.name)
