"""What a container gets of its networks when it starts, and gives back when it ends."""

import logging
import os
from dataclasses import astuple, dataclass, field
from typing import Any

import msgspec

from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.engine.network.making import bridge_rules, close_ports, ensure, open_ports, usable
from boxship.engine.network.names import has_names, network_message, open_resolver, tell_names
from boxship.engine.network.notify import publish
from boxship.engine.network.register import Network
from boxship.lib.bridge import quick
from boxship.lib.errors import BoxshipError, NotFound
from boxship.lib.ids import new_id
from boxship.model.network import Endpoint, Membership
from boxship.network import ipam
from boxship.network.host import Plug
from boxship.network.ports import Bound, PortTaken, bind_all, wanted
from boxship.network.rules import Published

log = logging.getLogger("boxship.engine")


@dataclass(slots=True)
class Sandbox:
    """A container's place in its networks before its program runs. fd: its network namespace, -1 where the runtime
    makes or shares one. bound: sockets that keep its ports.
    """

    fd: int = -1
    memberships: list[Membership] = field(default_factory=list)
    endpoints: list[Endpoint] = field(default_factory=list)
    bound: list[Bound] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)

    def close(self) -> None:
        """Let go of what a monitor holds by now, or nobody needs."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        for one in self.bound:
            one.sock.close()
        self.bound = []

    def note(self) -> dict[str, Any]:
        """The same for a daemon that comes later: `from_note` reads it."""
        if not self.endpoints:
            return {}
        return {
            "endpoints": [msgspec.to_builtins(one) for one in self.endpoints],
            "ports": [astuple(one) for one in self.published],
        }

    @property
    def namespace(self) -> str:
        """A path to the namespace, while this process lives; "" for none."""
        return f"/proc/{os.getpid()}/fd/{self.fd}" if self.fd >= 0 else ""


def from_note(note: dict[str, Any]) -> dict[str, Any]:
    """The fields of a container's state that a note of `Sandbox` fills."""
    return {
        "endpoints": msgspec.convert(note.get("endpoints") or [], list[Endpoint]),
        "ports": msgspec.convert(note.get("ports") or [], list[tuple[str, str, int, str, int]]),
    }


async def attach(engine: Engine, container: Container) -> Sandbox:
    """Give a container that is about to start its interfaces and ports.

    BoxshipError and its kinds as Docker words them; nothing is kept then.
    """
    record = container.record
    if record.config.network_disabled:
        return Sandbox()
    chosen = [(one, _network(engine, one)) for one in record.belongs]
    for _, network in chosen:
        await ensure(engine, network)
    sandbox = Sandbox()
    try:
        # No await between the choice of an address and its note.
        plugs: list[Endpoint] = []
        for membership, network in chosen:
            sandbox.memberships.append(
                msgspec.structs.replace(membership, network=network.name, network_id=network.id, late=False)
            )
            endpoint = new_endpoint(network, membership, len(plugs))
            network.hold(container.id, endpoint)
            sandbox.endpoints.append(endpoint)
            if network.record.driver == "bridge":
                plugs.append(endpoint)
        if plugs:
            messages = [network_message(engine, network) for _, network in chosen if has_names(network)]
            await quick(_work, engine, container, sandbox, chosen, messages)
            if sandbox.published:
                if engine.networks.rules_missing:
                    raise BoxshipError(
                        f"port {sandbox.published[0].host_port} can't be published: {engine.networks.rules_missing}"
                    )
                await open_ports(engine, sandbox.published)
    except BaseException:
        sandbox.close()
        await detach(engine, container.id, sandbox.endpoints, [], tell=False)
        raise
    for _, network in chosen:
        publish(engine, network, "connect", container.id)
    return sandbox


async def detach(
    engine: Engine, container_id: str, endpoints: list[Endpoint], published: list[Published], *, tell: bool = True
) -> None:
    """A container has ended: its ports lead nowhere any more, its addresses are free. The interfaces went with it.

    tell: the world has heard that it was connected.
    """
    if published:
        await close_ports(engine, published)
    give_back(engine, container_id, endpoints)
    if any(endpoint.resolver for endpoint in endpoints):
        messages: list[dict[str, Any]] = [{"op": "forget", "id": container_id}]
        for endpoint in endpoints:
            network = engine.networks.by_id(endpoint.network_id)
            if network is not None and has_names(network):
                messages.append(network_message(engine, network))
        try:
            await quick(tell_names, engine, messages)
        except (BoxshipError, OSError) as error:
            # An exit must be recorded, whatever becomes of names.
            log.error("names of networks can't be told: %s", error)
    for endpoint in endpoints if tell else ():
        if (network := engine.networks.by_id(endpoint.network_id)) is not None:
            publish(engine, network, "disconnect", container_id)


def give_back(engine: Engine, container_id: str, endpoints: list[Endpoint]) -> None:
    """Free the addresses of endpoints."""
    for endpoint in endpoints:
        network = engine.networks.by_id(endpoint.network_id)
        if network is not None and network.endpoints.get(container_id) == endpoint:
            network.let_go(container_id)


def _network(engine: Engine, membership: Membership) -> Network:
    if membership.network_id and (network := engine.networks.by_id(membership.network_id)) is not None:
        return network
    try:
        return engine.networks.get(membership.network)
    except NotFound as error:
        raise NotFound(f"failed to set up container networking: {error.message}") from None


def new_endpoint(network: Network, membership: Membership, number: int) -> Endpoint:
    """Addresses for one place. number: of interfaces before it."""
    record = network.record
    endpoint_id = new_id()
    if record.driver != "bridge":
        return Endpoint(id=endpoint_id, network_id=network.id)
    values: dict[str, str | int] = {}
    for pool in usable(record):
        version = pool.version
        values[f"ipv{version}"] = ipam.pick(pool, network.taken, membership.ipv4 if version == 4 else membership.ipv6)
        values[f"prefix{version}"] = ipam.prefix(pool)
        values[f"gateway{version}"] = "" if record.internal else pool.gateway
    # By the address, so that who has it in mind finds its next owner, too.
    mac = membership.mac or ":".join(f"{byte:02x}" for byte in ipam.mac_for(str(values.get("ipv4", "")), endpoint_id))
    return Endpoint(
        id=endpoint_id,
        network_id=network.id,
        mac=mac,
        device=f"veth{endpoint_id[:11]}",
        interface=f"eth{number}",
        resolver=not record.predefined,
        **values,  # type: ignore[arg-type]
    )


def _work(
    engine: Engine,
    container: Container,
    sandbox: Sandbox,
    chosen: list[tuple[Membership, Network]],
    messages: list[dict[str, Any]],
) -> None:
    """The kernel's part (blocks)."""
    host = engine.networks.host
    way_out = _way_out(sandbox.endpoints, chosen)
    plugs = [
        plug_of(engine, endpoint, leads_out=endpoint is way_out) for endpoint in sandbox.endpoints if endpoint.device
    ]
    config, settings = container.record.config, container.record.host
    asked = wanted(
        settings.port_bindings or {},
        sorted(config.exposed_ports or ()),
        publish_all=settings.publish_all_ports,
    )
    if asked and way_out is not None:
        try:
            sandbox.bound = bind_all(asked, ipv6=bool(way_out.ipv6))
        except PortTaken as error:
            raise _taken(engine, container, way_out, error) from None
        sandbox.published = [one for bound in sandbox.bound if (one := _published(bound, way_out)) is not None]
    try:
        sandbox.fd = host.sandbox(plugs)
        if messages:
            open_resolver(engine, container.record, sandbox.endpoints, sandbox.fd)
            tell_names(engine, messages)
    except OSError as error:
        raise BoxshipError(f"failed to set up container networking: {error.strerror or error}") from error


def _taken(engine: Engine, container: Container, endpoint: Endpoint, error: PortTaken) -> BoxshipError:
    """A port that another container has is told as Docker tells it, and whose it is."""
    for other in engine.containers:
        for protocol, host_ip, host_port, _, _ in other.state.ports:
            same = (protocol, host_port) == (error.protocol, error.port)
            if same and (not host_ip or host_ip == error.host_ip or error.anywhere):
                return BoxshipError(
                    "failed to set up container networking: driver failed programming external connectivity on "
                    f"endpoint {container.name} ({endpoint.id}): Bind for {error.host_ip}:{error.port} failed: "
                    f"port is already allocated (by container {other.name})"
                )
    return error


def plug_of(engine: Engine, endpoint: Endpoint, *, leads_out: bool) -> Plug:
    """The interface of an endpoint (pure)."""
    network = engine.networks.by_id(endpoint.network_id)
    assert network is not None, endpoint.network_id
    addresses = []
    for pool in usable(network.record):
        text = endpoint.ipv4 if pool.version == 4 else endpoint.ipv6
        if text:
            addresses.append((text, ipam.prefix(pool), ipam.broadcast(pool)))
    # Without duplicate address detection: a bridge's port that gets back what it sends would find itself.
    key = "accept_dad" if endpoint.ipv6 else "disable_ipv6"
    value = "0" if endpoint.ipv6 else "1"
    return Plug(
        bridge=network.record.device,
        device=endpoint.device,
        interface=endpoint.interface,
        mac=bytes.fromhex(endpoint.mac.replace(":", "").replace("-", "")),
        addresses=tuple(addresses),
        gateways=(endpoint.gateway4, endpoint.gateway6) if leads_out else (),
        isolated=not bridge_rules(network.record).icc,
        sysctls={f"ipv6/conf/{endpoint.interface}/{key}": value},
    )


def _way_out(endpoints: list[Endpoint], chosen: list[tuple[Membership, Network]]) -> Endpoint | None:
    """The endpoint whose gateway is the default route: the highest priority, then the first name."""
    candidates = [
        (-membership.priority, network.name, endpoint)
        for endpoint, (membership, network) in zip(endpoints, chosen, strict=True)
        if endpoint.gateway4 or endpoint.gateway6
    ]
    return min(candidates, key=lambda one: one[:2])[2] if candidates else None


def _published(bound: Bound, endpoint: Endpoint) -> Published | None:
    version = 6 if ":" in bound.host_ip else 4
    target = endpoint.ipv6 if version == 6 else endpoint.ipv4
    if not target:
        return None
    anywhere = bound.host_ip in ("0.0.0.0", "::")
    return Published(bound.protocol, "" if anywhere else bound.host_ip, bound.host_port, target, bound.port)
