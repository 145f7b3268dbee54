"""A network's bridge and the packet rules, made when they are first needed and made again when they are gone."""

import ipaddress
import logging

import msgspec

from boxship.engine.engine import Engine
from boxship.engine.network.register import Network
from boxship.lib.bridge import quick
from boxship.lib.errors import BoxshipError, Conflict
from boxship.model.network import NetworkRecord, Pool
from boxship.network import ipam
from boxship.network.host import BridgePlan, RulesMissing
from boxship.network.rules import BridgeRules, Published

log = logging.getLogger("boxship.engine")

_BRIDGE = "com.docker.network.bridge."
_MTU = "com.docker.network.driver.mtu"


async def ensure(engine: Engine, network: Network) -> None:
    """Make the network's bridge unless this process has seen it; its subnet is chosen then, if it has none yet."""
    if network.record.driver != "bridge" or network.ready:
        return
    async with network.lock:
        if network.removing:
            raise Conflict(f"network {network.name} is being removed")
        if network.ready:
            return
        others = [one.record for one in engine.networks if one is not network]
        record = await quick(_make, engine, network.record, others)
        if record != network.record:
            network.record = record
            await engine.networks.save(network)
        network.ready = True
    await apply_rules(engine)


async def open_ports(engine: Engine, published: list[Published]) -> None:
    """Let ports lead to a container. Where somebody has flushed the rules, all of them are made again. BoxshipError."""
    try:
        async with engine.networks.rules_lock:
            await quick(engine.networks.host.open_ports, published)
    except BoxshipError as error:
        log.warning("the packet rules are made again: %s", error)
        await apply_rules(engine)
        async with engine.networks.rules_lock:
            await quick(engine.networks.host.open_ports, published)


async def close_ports(engine: Engine, published: list[Published]) -> None:
    """Let ports lead nowhere any more. Never fails: who ends must not be kept by rules that somebody has flushed."""
    try:
        async with engine.networks.rules_lock:
            if engine.networks.rules_ready:
                await quick(engine.networks.host.close_ports, published)
    except (BoxshipError, OSError) as error:
        log.warning("the packet rules are made again: %s", error)
        try:
            await apply_rules(engine)
        except (BoxshipError, OSError) as again:
            log.error("the packet rules can't be made: %s", again)


async def apply_rules(engine: Engine) -> None:
    """Put the whole table of packet rules in place, from what is known now."""
    async with engine.networks.rules_lock:
        bridges = [bridge_rules(network.record) for network in engine.networks if network.ready]
        published = [
            one
            for container in engine.containers
            if container.running
            for one in container_ports(container.state.ports)
        ]
        try:
            await quick(engine.networks.host.set_rules, bridges, published)
        except RulesMissing as error:
            if not engine.networks.rules_missing:
                log.warning("containers reach nothing outside of their networks: %s", error)
            engine.networks.rules_missing = error.message
            return
        engine.networks.rules_missing = ""
        engine.networks.rules_ready = True


def container_ports(ports: list[tuple[str, str, int, str, int]]) -> list[Published]:
    """The published ports of a container's state."""
    return [Published(*one) for one in ports]


def _make(engine: Engine, record: NetworkRecord, others: list[NetworkRecord]) -> NetworkRecord:
    host = engine.networks.host
    with host.choosing():
        pools = list(record.pools)
        if record.enable_ipv4 and not any(pool.version == 4 for pool in pools):
            taken = host.taken() + [ipaddress.ip_network(pool.subnet) for one in others for pool in one.pools]
            pools.append(Pool(subnet=str(ipam.free_subnet(taken))))
        if record.enable_ipv6 and not any(pool.version == 6 for pool in pools):
            pools.append(Pool(subnet=str(ipam.unique_local(record.id))))
        wanted = [pool for pool in pools if record.enable_ipv6 or pool.version == 4]
        kept = [pool for pool in pools if pool not in wanted]
        record = msgspec.structs.replace(record, pools=[*map(ipam.with_gateway, wanted), *kept])
        host.make_bridge(bridge_plan(record), forward=host.has_rules())
    return record


def bridge_plan(record: NetworkRecord) -> BridgePlan:
    """The bridge of a network (pure)."""
    return BridgePlan(
        device=record.device,
        addresses=tuple((pool.gateway, ipam.prefix(pool)) for pool in usable(record) if pool.gateway),
        mtu=int(record.options.get(_MTU, "0")) if not record.predefined else 0,
        ipv6=record.enable_ipv6,
    )


def bridge_rules(record: NetworkRecord) -> BridgeRules:
    """A network for the packet rules (pure)."""
    return BridgeRules(
        device=record.device,
        subnets=tuple(pool.subnet for pool in usable(record)),
        internal=record.internal,
        icc=is_true(record.options.get(f"{_BRIDGE}enable_icc", "true")),
        masquerade=is_true(record.options.get(f"{_BRIDGE}enable_ip_masquerade", "true")),
    )


def own_name(record: NetworkRecord) -> bool:
    """Whether the bridge's name is of our choice, so that no bridge of somebody else's bears it."""
    return record.predefined or not record.options.get(f"{_BRIDGE}name")


def usable(record: NetworkRecord) -> list[Pool]:
    """The pools that containers get addresses of: an IPv6 subnet without --ipv6 is kept, but not used."""
    return [pool for pool in record.pools if record.enable_ipv6 or pool.version == 4]


def is_true(text: str) -> bool:
    """An option's text as Go reads truth."""
    return text in ("1", "t", "T", "true", "TRUE", "True")
