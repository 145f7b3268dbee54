"""Which networks a new container is in, from what `docker create` sends (pure but for the look at the register)."""

import ipaddress
import re
from typing import Any

import msgspec

from boxship.engine.engine import Engine
from boxship.lib.errors import InvalidParameter, NotFound
from boxship.model.config import ContainerConfig, HostConfig
from boxship.model.network import PREDEFINED, Membership, Pool

_MAC = re.compile(
    r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}|([0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}|([0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}"
)


class _IPAM(msgspec.Struct, rename={"ipv4": "IPv4Address", "ipv6": "IPv6Address", "link_local": "LinkLocalIPs"}):
    ipv4: str = ""
    ipv6: str = ""
    link_local: list[str] | None = None


class EndpointRequest(msgspec.Struct, rename="pascal"):
    """EndpointSettings of API 1.51, as far as clients set them."""

    links: list[str] | None = None
    aliases: list[str] | None = None
    mac_address: str = ""
    driver_opts: dict[str, str] | None = None
    gw_priority: int = 0
    ipam_config: _IPAM | None = msgspec.field(default=None, name="IPAMConfig")


def memberships(
    engine: Engine, config: ContainerConfig, host: HostConfig, networking: dict[str, Any]
) -> list[Membership]:
    """One for each network; none where another container's is shared, or nothing is wanted.

    InvalidParameter for settings that a network can't have. That a network is there is looked at by the start.
    """
    if config.network_disabled or host.network_mode.startswith("container:"):
        return []
    asked = {_plain(name): settings for name, settings in (networking.get("EndpointsConfig") or {}).items()}
    own = _plain(host.network_mode)
    if own not in asked:
        known = _find(engine, own)
        if known is None or not any(_find(engine, name) is known for name in asked):
            asked = {own: None, **asked}
    found = []
    for name, settings in asked.items():
        mac = config.mac_address if name == own else ""
        found.append(membership(engine, name, settings, mac=mac))
    return found


def membership(engine: Engine, name: str, settings: Any, *, mac: str = "") -> Membership:
    """One container's wish for one network. settings: EndpointSettings of the API.

    InvalidParameter.
    """
    try:
        request = msgspec.convert(_given(settings), EndpointRequest)
    except msgspec.ValidationError as error:
        raise InvalidParameter(f"invalid endpoint settings of network {name}: {error}") from None
    addresses = request.ipam_config or _IPAM()
    network = _find(engine, name)
    if network is not None:
        _check(name, request, addresses, network.record.pools, network.record.configured)
    return Membership(
        network=network.name if network is not None else name,
        network_id=network.id if network is not None else "",
        ipv4=addresses.ipv4,
        ipv6=addresses.ipv6,
        link_local=addresses.link_local or [],
        asked=request.ipam_config is not None,
        aliases=request.aliases,
        links=request.links,
        mac=_mac(name, request.mac_address or mac),
        driver_opts=request.driver_opts,
        priority=request.gw_priority,
    )


def _check(name: str, request: EndpointRequest, addresses: _IPAM, pools: list[Pool], configured: bool) -> None:
    """configured: somebody has named the network's subnets."""
    asked = [(version, text) for version, text in ((4, addresses.ipv4), (6, addresses.ipv6)) if text]
    faults = [f"invalid IPv{version} address: {text}" for version, text in asked if not _is_address(text, version)]
    if name in PREDEFINED:
        if request.aliases:
            faults.append("network-scoped alias is supported only for containers in user defined networks")
        if asked:
            faults.append("user specified IP address is supported on user defined networks only")
    elif asked and not configured:
        faults.append(
            "user specified IP address is supported only when connecting to networks with user configured subnets"
        )
    for version, text in asked:
        if _is_address(text, version) and not any(_within(text, pool) for pool in pools):
            faults.append(f"no configured subnet or ip-range contain the IP address {text}")
    if faults:
        listed = faults[0] if len(faults) == 1 else "\n".join(f"* {fault}" for fault in faults)
        raise InvalidParameter(f"invalid config for network {name}: invalid endpoint settings:\n{listed}")


def _is_address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False


def _within(text: str, pool: Pool) -> bool:
    return ipaddress.ip_address(text) in ipaddress.ip_network(pool.subnet)


def _mac(name: str, text: str) -> str:
    """An Ethernet address in any of its spellings (02:42:…, 02-42-…, 0242.ac11.…) in the first of them; "" stays so."""
    if not text:
        return ""
    if _MAC.fullmatch(text) is None:
        raise InvalidParameter(f"invalid config for network {name}: invalid MAC address {text}")
    digits = re.sub("[:.-]", "", text).lower()
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def _given(settings: Any) -> Any:
    """Without what is null: clients send every key."""
    return {key: value for key, value in settings.items() if value is not None} if isinstance(settings, dict) else {}


def _plain(name: str) -> str:
    return "bridge" if name in ("", "default") else name


def _find(engine: Engine, name: str) -> Any:
    try:
        return engine.networks.get(name)
    except (NotFound, InvalidParameter):
        return None
