"""Pieces that `list` and `inspect` share, in the API's shape (pure)."""

from typing import Any

from boxship.engine.container.register import Container
from boxship.model.container import ContainerRecord
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
    """Networks by name. Their endpoints have no addresses before networks exist in this engine."""
    return {name: dict(_ENDPOINT) for name in container.record.networks}


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
