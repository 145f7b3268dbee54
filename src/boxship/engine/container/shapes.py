"""Pieces that `list` and `inspect` share, in the API's shape (pure)."""

from typing import Any

from boxship.engine.container.register import Container
from boxship.model.config import HostConfig

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


def mounts(host: HostConfig) -> list[dict[str, Any]]:
    """The bind mounts as `docker inspect` lists them."""
    points = []
    for bind in host.binds or ():
        source, _, rest = bind.partition(":")
        target, _, mode = rest.partition(":")
        if source.startswith("/"):
            points.append(_bind(source, target, mode))
    for mount in host.mounts or ():
        if mount.type == "bind":
            point = _bind(mount.source, mount.target, "")
            point["RW"] = not mount.read_only
            point["Propagation"] = (mount.bind_options or {}).get("Propagation") or "rprivate"
            points.append(point)
        elif mount.type == "tmpfs":
            point = _bind("", mount.target, "")
            points.append({**point, "Type": "tmpfs", "RW": not mount.read_only, "Propagation": ""})
    return points


def _bind(source: str, target: str, mode: str) -> dict[str, Any]:
    words = mode.split(",")
    propagation = next((word for word in words if word.lstrip("r") in ("private", "shared", "slave")), "rprivate")
    return {
        "Type": "bind",
        "Source": source.rstrip("/") or "/",
        "Destination": target,
        "Mode": mode,
        "RW": "ro" not in words,
        "Propagation": propagation,
    }
