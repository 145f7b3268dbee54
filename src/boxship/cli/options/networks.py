"""--network, --ip, --link and their like: the networks of a new container. Pure."""

from boxship.cli.values import comma_list, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from boxship.cli.flags import Parsed

_PREDEFINED = ("default", "bridge", "host", "none")


class Conflict(Exception):
    """Flags that don't go together. The message is Docker's."""


def parse_network(text: str) -> "dict[str, Any]":
    """A name, or name=…,alias=…,ip=…,ip6=…,mac-address=…,link-local-ip=…,driver-opt=…,gw-priority=…. ValueError."""
    if "=" not in text:
        return {"name": text}
    given: dict[str, Any] = {"name": ""}
    for field in comma_list(text):
        key, found, value = field.partition("=")
        key, value = key.strip().lower(), value.strip()
        if not found:
            raise ValueError(f"invalid field {field}")
        if key in ("name", "ip", "ip6", "mac-address"):
            given[key] = value
        elif key in ("alias", "link-local-ip"):
            given.setdefault(key, []).append(value)
        elif key == "driver-opt":
            name, found, option = value.partition("=")
            if not found or not name:
                raise ValueError("invalid key value pair format in driver options")
            given.setdefault(key, {})[name.strip().lower()] = option.strip()
        elif key == "gw-priority":
            if not value.removeprefix("-").isdigit():
                raise ValueError(
                    f"invalid gw-priority ({value}): strconv.ParseInt: parsing {quote(value)}: invalid syntax"
                )
            given[key] = int(value)
        else:
            raise ValueError(f"invalid field key {key}")
    if not given["name"]:
        raise ValueError("network name/id is not specified")
    return given


def networking(parsed: "Parsed") -> "tuple[str, dict[str, Any]]":
    """The network mode, and the endpoints by the network's name. Conflict."""
    wanted: list[dict[str, Any]] = [*parsed.list("net"), *parsed.list("network")] or [{"name": "default"}]
    endpoints: dict[str, Any] = {}
    first = dict(wanted[0])
    _add_flags(parsed, first)
    for at, given in enumerate([first, *wanted[1:]]):
        name = given["name"]
        if at and _reserved(name):
            raise Conflict("conflicting options: cannot attach both user-defined and non-user-defined network-modes")
        if name in endpoints:
            raise Conflict(f"network {quote(name)} is specified multiple times")
        endpoint = _endpoint(given)
        # What belongs to no network of its own is sent only where something was asked of it.
        if name == "default" or not _reserved(name) or any(endpoint.values()):
            endpoints[name] = endpoint
    if len(wanted) > 1 and _reserved(first["name"]) and first["name"] != "bridge":
        raise Conflict("conflicting options: cannot attach both user-defined and non-user-defined network-modes")
    return first["name"], endpoints


def _reserved(name: str) -> bool:
    return name in _PREDEFINED[1:] or name.startswith("container:")


def _add_flags(parsed: "Parsed", first: "dict[str, Any]") -> None:
    """The flags that are older than --network name=… speak of the first network."""
    pairs = (
        ("alias", [*parsed.list("network-alias"), *parsed.list("net-alias")], "--network-alias"),
        ("link", parsed.list("link"), "--link"),
        ("ip", parsed.text("ip"), "--ip and per-network IPv4 address"),
        ("ip6", parsed.text("ip6"), "--ip6 and per-network IPv6 address"),
        ("mac-address", parsed.text("mac-address"), "--mac-address and per-network MAC address"),
        ("link-local-ip", parsed.list("link-local-ip"), "--link-local-ip and per-network link-local IP addresses"),
    )
    for key, value, shown in pairs:
        if not value:
            continue
        if first.get(key):
            if key == "alias":
                shown = "--network-alias and per-network alias"
            raise Conflict(f"conflicting options: cannot specify both {shown}")
        first[key] = value
    if parsed.text("mac-address") and not _is_mac(parsed.text("mac-address")):
        raise Conflict(f"{parsed.text('mac-address')} is not a valid mac address")
    if first.get("alias") and first["name"] in _PREDEFINED:
        raise Conflict("network-scoped aliases are only supported for user-defined networks")
    if first.get("link") and not _user_defined(first["name"]) and first["name"] not in ("default", "bridge"):
        raise Conflict("links are only supported for user-defined networks")


def _is_mac(text: str) -> bool:
    # net.ParseMAC: 6, 8 or 20 octets apart by colons or dashes, or in fours of digits apart by dots.
    for mark, width in ((":", 2), ("-", 2), (".", 4)):
        parts = text.split(mark)
        if len(parts) * width // 2 in (6, 8, 20):
            return all(len(part) == width and not set(part.lower()) - set("0123456789abcdef") for part in parts)
    return False


def _user_defined(name: str) -> bool:
    return name not in _PREDEFINED and not name.startswith("container:")


def _endpoint(given: "dict[str, Any]") -> "dict[str, Any]":
    addresses: dict[str, Any] | None = None
    if given.get("ip") or given.get("ip6") or given.get("link-local-ip"):
        addresses = {}
        for key, wire in (("ip", "IPv4Address"), ("ip6", "IPv6Address"), ("link-local-ip", "LinkLocalIPs")):
            if given.get(key):
                addresses[wire] = given[key]
    links = given.get("link")
    return {
        "IPAMConfig": addresses,
        "Links": links if links and _user_defined(given["name"]) else None,
        "Aliases": given.get("alias"),
        "MacAddress": given.get("mac-address", ""),
        "DriverOpts": given.get("driver-opt"),
        "GwPriority": given.get("gw-priority", 0),
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
