"""Pieces that `list` and `inspect` share, in the API's shape (pure)."""

from typing import Any

from boxship.engine.container.register import Container
from boxship.model.container import ContainerRecord
from boxship.model.network import PREDEFINED, Endpoint, Membership
from boxship.network.ports import exposed_port
from boxship.runtime.spec.points import mount_points

# SPEC of API 1.51, EndpointSettings: every key is always there.
_ENDPOINT: dict[str, Any] = {
    "IPAMConfig": None,
    "Links": None,
    "Aliases": None,
    "MacAddress": "",
    "DriverOpts": None,
    "GwPriority": 0,
    "NetworkID": "",
    "EndpointID": "",
    "Gateway": "",
    "IPAddress": "",
    "IPPrefixLen": 0,
    "IPv6Gateway": "",
    "GlobalIPv6Address": "",
    "GlobalIPv6PrefixLen": 0,
    "DNSNames": None,
}


def networks(container: Container) -> dict[str, Any]:
    """Networks by name: what was asked for, and what the container has there while it runs."""
    endpoints = {one.network_id: one for one in container.state.endpoints}
    return {
        one.network: _endpoint(container.record, one, endpoints.get(one.network_id)) for one in container.record.belongs
    }


def _endpoint(record: ContainerRecord, asked: Membership, endpoint: Endpoint | None) -> dict[str, Any]:
    shape = {
        **_ENDPOINT,
        "IPAMConfig": _asked_addresses(asked),
        "Links": asked.links,
        "Aliases": asked.aliases,
        "DriverOpts": asked.driver_opts,
        "GwPriority": asked.priority,
        "DNSNames": dns_names(record, asked),
    }
    if endpoint is not None or (record.state.started_ns and not asked.late):
        shape["NetworkID"] = asked.network_id
    if endpoint is None:
        return shape
    return shape | {
        "MacAddress": endpoint.mac,
        "EndpointID": endpoint.id,
        "Gateway": endpoint.gateway4,
        "IPAddress": endpoint.ipv4,
        "IPPrefixLen": endpoint.prefix4,
        "IPv6Gateway": endpoint.gateway6,
        "GlobalIPv6Address": endpoint.ipv6,
        "GlobalIPv6PrefixLen": endpoint.prefix6,
    }


def _asked_addresses(asked: Membership) -> dict[str, Any] | None:
    if not asked.asked:
        return None
    values: dict[str, Any] = {"IPv4Address": asked.ipv4, "IPv6Address": asked.ipv6, "LinkLocalIPs": asked.link_local}
    return {key: value for key, value in values.items() if value}


def dns_names(record: ContainerRecord, asked: Membership) -> list[str] | None:
    """What the container is called in a network that has names; None in the predefined ones."""
    if asked.network in PREDEFINED:
        return None
    names = [record.name, *(asked.aliases or ()), record.id[:12]]
    if record.config.hostname != record.id[:12]:
        names.append(record.config.hostname)
    return list(dict.fromkeys(names))


def port_map(container: Container) -> dict[str, Any]:
    """Published and exposed ports of a running container: "80/tcp" -> where, None for nowhere."""
    if not container.state.endpoints:
        return {}
    found: dict[str, Any] = {}
    for protocol, host_ip, host_port, address, port in container.state.ports:
        anywhere = "::" if ":" in address else "0.0.0.0"
        found.setdefault(f"{port}/{protocol}", []).append({"HostIp": host_ip or anywhere, "HostPort": str(host_port)})
    for port_name in container.record.config.exposed_ports or ():
        found.setdefault(exposed_port(port_name), None)
    return dict(sorted(found.items(), key=lambda item: (int(item[0].partition("/")[0]), item[0])))


def ports(container: Container) -> list[dict[str, Any]]:
    """The same, as `docker ps` has it."""
    rows: list[dict[str, Any]] = []
    for name, bindings in port_map(container).items():
        number, _, protocol = name.partition("/")
        one: dict[str, Any]
        nowhere: list[dict[str, Any]] = [{}]
        for one in bindings or nowhere:
            where = {"IP": one["HostIp"]} if one else {}
            public = {"PublicPort": int(one["HostPort"])} if one else {}
            rows.append({**where, "PrivatePort": int(number), **public, "Type": protocol})
    return rows


def mounts(record: ContainerRecord) -> list[dict[str, Any]]:
    """The mounts as `docker inspect` lists them; what `--tmpfs` asks for is not among them."""
    config, host = record.config, record.host
    if not (host.binds or host.mounts):
        return []
    plain_tmpfs = set(host.tmpfs or ())
    return [
        {
            "Type": point.kind,
            "Source": point.source if point.kind == "bind" else "",
            "Destination": point.target,
            "Mode": point.mode,
            "RW": not point.read_only,
            "Propagation": point.propagation,
        }
        for point in mount_points(config, host, record.binds)
        if point.target not in plain_tmpfs
    ]
