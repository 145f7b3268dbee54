"""The body of `POST /networks/create`, and the record that it becomes (pure)."""

import ipaddress
from collections.abc import Sequence

import msgspec

from boxship.lib.clock import now_ns
from boxship.lib.errors import Forbidden, InvalidParameter, NotFound, Unavailable
from boxship.lib.ids import new_id
from boxship.model.network import PREDEFINED, NetworkRecord, Pool
from boxship.network import ipam

_BRIDGE = "com.docker.network.bridge."
_MTU = "com.docker.network.driver.mtu"
_BOOLEANS = (f"{_BRIDGE}enable_icc", f"{_BRIDGE}enable_ip_masquerade")
_LONGEST_NAME = 15


class PoolRequest(msgspec.Struct):
    """IPAMConfig of API 1.51."""

    subnet: str | None = msgspec.field(default=None, name="Subnet")
    ip_range: str | None = msgspec.field(default=None, name="IPRange")
    gateway: str | None = msgspec.field(default=None, name="Gateway")
    aux: dict[str, str] | None = msgspec.field(default=None, name="AuxiliaryAddresses")


class IPAMRequest(msgspec.Struct, rename="pascal"):
    """IPAM of API 1.51."""

    driver: str | None = None
    options: dict[str, str] | None = None
    config: list[PoolRequest] | None = None


class ConfigFrom(msgspec.Struct, rename="pascal"):
    """The network whose settings another one takes."""

    network: str = ""


class NetworkRequest(msgspec.Struct):
    """NetworkCreateRequest of API 1.51."""

    name: str = msgspec.field(default="", name="Name")
    driver: str = msgspec.field(default="", name="Driver")
    scope: str = msgspec.field(default="", name="Scope")
    internal: bool = msgspec.field(default=False, name="Internal")
    attachable: bool = msgspec.field(default=False, name="Attachable")
    ingress: bool = msgspec.field(default=False, name="Ingress")
    config_only: bool = msgspec.field(default=False, name="ConfigOnly")
    config_from: ConfigFrom | None = msgspec.field(default=None, name="ConfigFrom")
    ipam: IPAMRequest | None = msgspec.field(default=None, name="IPAM")
    enable_ipv4: bool | None = msgspec.field(default=None, name="EnableIPv4")
    enable_ipv6: bool | None = msgspec.field(default=None, name="EnableIPv6")
    options: dict[str, str] | None = msgspec.field(default=None, name="Options")
    labels: dict[str, str] | None = msgspec.field(default=None, name="Labels")


def record_of(request: NetworkRequest, taken: Sequence[ipam.Net]) -> NetworkRecord:
    """The record of a new network; where no subnet is named, its pools are chosen when it is made.

    taken: subnets of other networks. InvalidParameter, Forbidden and others in Docker's words.
    """
    name = request.name.strip()
    if not name:
        raise InvalidParameter("invalid name: name is empty")
    if name in PREDEFINED:
        raise Forbidden(f"operation is not permitted on predefined {name} network ")
    driver = request.driver or "bridge"
    if request.scope == "swarm" or request.ingress:
        raise Unavailable("cannot create a swarm scoped network when swarm is not active")
    if driver in ("host", "null"):
        raise Forbidden(f'only one instance of "{driver}" network is allowed')
    if driver == "overlay":
        raise Unavailable(
            'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to '
            "swarm and try again."
        )
    if driver != "bridge":
        raise NotFound(f'plugin "{driver}" not found')
    ipam_request = request.ipam or IPAMRequest()
    if ipam_request.driver not in (None, "", "default"):
        raise NotFound(f'plugin "{ipam_request.driver}" not found')
    options = request.options or {}
    check_options(options)
    network_id = new_id()
    enable_ipv6 = bool(request.enable_ipv6)
    enable_ipv4 = request.enable_ipv4 is not False
    return NetworkRecord(
        id=network_id,
        name=request.name,
        created_ns=now_ns(),
        driver="null" if request.config_only else driver,
        pools=_pools(ipam_request.config or [], taken),
        enable_ipv4=enable_ipv4,
        enable_ipv6=enable_ipv6,
        internal=request.internal,
        attachable=request.attachable,
        config_only=request.config_only,
        config_from=request.config_from.network if request.config_from else "",
        options=options,
        labels=request.labels or {},
        configured=any(one.subnet for one in ipam_request.config or ()),
        ipam_driver=ipam_request.driver or "default",
        ipam_options=ipam_request.options,
        device=options.get(f"{_BRIDGE}name") or f"br-{network_id[:12]}",
    )


def check_options(options: dict[str, str]) -> None:
    """InvalidParameter for a bridge's options that can't be understood. Unknown ones are kept, as by Docker."""
    mtu = options.get(_MTU, "0")
    if not mtu.lstrip("-").isdecimal():
        raise InvalidParameter(f'failed to parse {_MTU} value: {mtu} (strconv.Atoi: parsing "{mtu}": invalid syntax)')
    for key in _BOOLEANS:
        text = options.get(key, "true")
        if text.lower() not in ("1", "t", "true", "0", "f", "false"):
            raise InvalidParameter(
                f'failed to parse {key} value: {text} (strconv.ParseBool: parsing "{text}": invalid syntax)'
            )
    name = options.get(f"{_BRIDGE}name", "")
    if len(name.encode()) > _LONGEST_NAME or "/" in name or any(character.isspace() for character in name):
        raise InvalidParameter(
            f"{_BRIDGE}name: {name!r} is no name of a device: at most 15 characters, no slash or space"
        )


def _pools(asked: list[PoolRequest], taken: Sequence[ipam.Net]) -> list[Pool]:
    pools: list[Pool] = []
    for one in asked:
        if not one.subnet:
            if one.ip_range or one.gateway or one.aux:
                raise InvalidParameter("invalid network config:\ninvalid subnet : invalid CIDR block notation")
            continue
        pool = Pool(subnet=one.subnet, ip_range=one.ip_range or "", gateway=one.gateway or "", aux=one.aux or {})
        ipam.check_pool(pool, [*taken, *(ipaddress.ip_network(other.subnet) for other in pools)])
        pools.append(pool)
    return pools
