"""docker network inspect."""

from typing import Any

from boxship.engine.engine import Engine
from boxship.engine.network.making import ensure
from boxship.engine.network.register import Network
from boxship.lib.clock import rfc3339nano


async def inspect(engine: Engine, ref: str) -> dict[str, Any]:
    """The body of `GET /networks/{id}`. NotFound."""
    network = engine.networks.get(ref)
    if not network.record.config_only:
        # The default bridge has its subnet from its first use on: this is one.
        await ensure(engine, network)
    return {**body(network), "Containers": containers(engine, network)}


def body(network: Network) -> dict[str, Any]:
    """A network as lists show it (API 1.51)."""
    record = network.record
    pools = []
    for pool in record.pools:
        shown: dict[str, Any] = {"Subnet": pool.subnet}
        if pool.ip_range:
            shown["IPRange"] = pool.ip_range
        if pool.gateway:
            shown["Gateway"] = pool.gateway
        if pool.aux:
            shown["AuxiliaryAddresses"] = pool.aux
        pools.append(shown)
    return {
        "Name": record.name,
        "Id": record.id,
        "Created": rfc3339nano(record.created_ns),
        "Scope": "local",
        "Driver": record.driver,
        "EnableIPv4": record.enable_ipv4,
        "EnableIPv6": record.enable_ipv6,
        "IPAM": {
            "Driver": record.ipam_driver,
            "Options": record.ipam_options,
            "Config": pools or ([] if record.driver == "bridge" and not record.config_only else None),
        },
        "Internal": record.internal,
        "Attachable": record.attachable,
        "Ingress": record.ingress,
        "ConfigFrom": {"Network": record.config_from},
        "ConfigOnly": record.config_only,
        "Containers": {},
        "Options": record.options,
        "Labels": record.labels,
    }


def containers(engine: Engine, network: Network) -> dict[str, Any]:
    """Who is in a network now, by container's id."""
    shown = {}
    for container in engine.containers:
        endpoint = network.endpoints.get(container.id)
        if endpoint is None or not container.running:
            continue
        shown[container.id] = {
            "Name": container.name,
            "EndpointID": endpoint.id,
            "MacAddress": endpoint.mac,
            "IPv4Address": f"{endpoint.ipv4}/{endpoint.prefix4}" if endpoint.ipv4 else "",
            "IPv6Address": f"{endpoint.ipv6}/{endpoint.prefix6}" if endpoint.ipv6 else "",
        }
    return shown
