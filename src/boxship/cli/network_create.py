"""`boxship network create`."""

import ipaddress

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import err, out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE = "[OPTIONS] NETWORK"
ABOUT = "Create a network"
ARGS = (1, 1)
FLAGS = (
    Flag("attachable", "", "", "Let containers be attached by hand"),
    Flag("aux-address", "", "map", "Addresses that no container gets, name=address", note="map[]"),
    Flag("config-from", "", "string", "The network whose settings are taken over"),
    Flag("config-only", "", "", "Make settings for other networks, and no network"),
    Flag("driver", "d", "string", "Driver of the network", note='"bridge"'),
    Flag("gateway", "", "strings", "Gateway of the subnet", many="list"),
    Flag("ingress", "", "", "Swarm's routing mesh"),
    Flag("internal", "", "", "No way to the world outside"),
    Flag("ip-range", "", "strings", "Where containers' addresses come from", many="list"),
    Flag("ipam-driver", "", "string", "Who manages the addresses", note='"default"'),
    Flag("ipam-opt", "", "map", "Options of that driver", note="map[]"),
    Flag("ipv4", "", "", "Give IPv4 addresses", note="true"),
    Flag("ipv6", "", "", "Give IPv6 addresses"),
    Flag("label", "", "list", "Label of the network, name=value"),
    Flag("opt", "o", "map", "Options of the driver", note="map[]"),
    Flag("scope", "", "string", "How far the network reaches"),
    Flag("subnet", "", "strings", "The network's addresses, address/bits", many="list"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Make it; print its id. CliError, DaemonError."""
    body: dict[str, Any] = {
        "Name": parsed.args[0],
        "Driver": parsed.text("driver", "bridge"),
        "Scope": parsed.text("scope"),
        "Internal": parsed.on("internal"),
        "Attachable": parsed.on("attachable"),
        "Ingress": parsed.on("ingress"),
        "ConfigOnly": parsed.on("config-only"),
        "Options": parsed.map("opt"),
        "Labels": dict(_label(text) for text in parsed.list("label")),
        "IPAM": {
            "Driver": parsed.text("ipam-driver", "default"),
            "Options": parsed.map("ipam-opt"),
            "Config": pools(parsed),
        },
    }
    if parsed.text("config-from"):
        body["ConfigFrom"] = {"Network": parsed.text("config-from")}
    for name, wire in (("ipv4", "EnableIPv4"), ("ipv6", "EnableIPv6")):
        if name in parsed.given:
            body[wire] = parsed.on(name)
    answer = cli.client.call("POST", "/networks/create", body=body)
    if answer.get("Warning"):
        err(f"WARNING: {answer['Warning']}\n")
    out(f"{answer['Id']}\n")
    return 0


def pools(parsed: Parsed) -> "list[dict[str, Any]]":
    """The subnets, each with what belongs to it. CliError, word for word Docker's."""
    subnets, ranges, gateways = (parsed.list(name) for name in ("subnet", "ip-range", "gateway"))
    if len(subnets) < len(ranges) or len(subnets) < len(gateways):
        raise CliError("every ip-range or gateway must have a corresponding subnet")
    found: dict[str, dict[str, Any]] = {}
    for text in subnets:
        if any(_overlap(text, other) for other in found):
            raise CliError("multiple overlapping subnet configuration is not supported")
        found[text] = {"Subnet": text}
    for what, texts, key in (("ip-range", ranges, "IPRange"), ("gateway", gateways, "Gateway")):
        for text in texts:
            pool = _holding(found, text)
            if pool is None:
                raise CliError(f"no matching subnet for {'range' if what == 'ip-range' else what} {text}")
            if pool.get(key):
                plural = "ranges" if what == "ip-range" else "gateways"
                both = f"({text}, {pool[key]})"
                raise CliError(f"cannot configure multiple {plural} {both} on the same subnet ({pool['Subnet']})")
            pool[key] = text
    for name, address in parsed.map("aux-address").items():
        pool = _holding(found, address)
        if pool is None:
            raise CliError(f"no matching subnet for aux-address {address}")
        pool.setdefault("AuxiliaryAddresses", {})[name] = address
    return list(found.values())


def _label(text: str) -> "tuple[str, str]":
    key, _, value = text.partition("=")
    return key, value


def _network(text: str) -> "Any":
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        # The engine says what is wrong with it.
        return None


def _overlap(one: str, other: str) -> bool:
    first, second = _network(one), _network(other)
    return bool(first and second and first.version == second.version and first.overlaps(second))


def _holding(found: "dict[str, dict[str, Any]]", text: str) -> "dict[str, Any] | None":
    wanted = _network(text)
    for subnet, pool in found.items():
        if _overlap(subnet, text) or (wanted is None and len(found) == 1):
            return pool
    return None
