"""Which subnets networks get, and which addresses containers get in them. Pure."""

import ipaddress
from collections.abc import Collection, Iterable, Iterator

from boxship.lib.errors import BoxshipError, Conflict, Forbidden, InvalidParameter
from boxship.model.network import Pool

Net = ipaddress.IPv4Network | ipaddress.IPv6Network
Addr = ipaddress.IPv4Address | ipaddress.IPv6Address

DEFAULT_POOLS: tuple[tuple[str, int], ...] = (
    ("172.17.0.0/16", 16),
    ("172.18.0.0/16", 16),
    ("172.19.0.0/16", 16),
    ("172.20.0.0/14", 16),
    ("172.24.0.0/14", 16),
    ("172.28.0.0/14", 16),
    ("192.168.0.0/16", 20),
)
"""(base, bits of each subnet): where subnets come from when nobody names one. Docker's, so that firewalls and VPNs
that were arranged around Docker fit."""


def free_subnet(taken: Iterable[Net], pools: Iterable[tuple[str, int]] = DEFAULT_POOLS) -> Net:
    """The first subnet of the pools that overlaps none in `taken` (the host's routes, other networks).

    BoxshipError when all are.
    """
    used = [net for net in taken if net.prefixlen]
    for base, bits in pools:
        for net in ipaddress.ip_network(base).subnets(new_prefix=bits):
            if not any(_overlap(net, other) for other in used):
                return net
    raise BoxshipError(
        "all predefined address pools have been fully subnetted: remove networks that nothing uses (docker network "
        "prune), or name a subnet (--subnet)"
    )


def unique_local(network_id: str) -> Net:
    """An IPv6 /64 that only this network has (RFC 4193): from the first 40 bits of its id."""
    prefix = 0xFD << 120 | int(network_id[:10], 16) << 80
    return ipaddress.IPv6Network((prefix, 64))


def check_pool(pool: Pool, taken: Iterable[Net]) -> None:
    """Forbidden when the subnet overlaps one that another network has; InvalidParameter when it makes no sense."""
    subnet = parse_subnet("subnet", pool.subnet)
    if pool.ip_range:
        inner = parse_subnet("ip-range", pool.ip_range)
        if not _contains(subnet, inner):
            raise InvalidParameter(
                f"invalid network config:\ninvalid ip-range {pool.ip_range}: "
                f"ip-range is not within subnet {pool.subnet}"
            )
    for what, address in (("gateway", pool.gateway), *(("auxiliary address", one) for one in pool.aux.values())):
        if address and _address(what, address) not in subnet:
            raise InvalidParameter(f"invalid network config:\ninvalid {what} {address}: parent subnet is {pool.subnet}")
    if any(_overlap(subnet, other) for other in taken):
        raise Forbidden("invalid pool request: Pool overlaps with other one on this address space")


def parse_subnet(what: str, text: str) -> Net:
    """InvalidParameter when it is none, or names a host in it."""
    try:
        interface = ipaddress.ip_interface(text)
    except ValueError:
        interface = None
    if interface is None or "/" not in text:
        raise InvalidParameter(f"invalid network config:\ninvalid {what} {text}: invalid CIDR block notation")
    if interface.ip != interface.network.network_address:
        raise InvalidParameter(f"invalid network config:\ninvalid {what} {text}: it should be {interface.network}")
    return interface.network


def with_gateway(pool: Pool) -> Pool:
    """The pool with a gateway: the first address of the range, or of the subnet, unless one was named."""
    if pool.gateway:
        return pool
    used = _canonical(pool.aux.values())
    for address in _candidates(pool):
        if str(address) not in used:
            return Pool(subnet=pool.subnet, ip_range=pool.ip_range, gateway=str(address), aux=pool.aux)
    raise Conflict(
        f"no available IPv{pool.version} addresses on this network's address pools: no gateway fits {pool.subnet}"
    )


def pick(pool: Pool, used: Collection[str], wanted: str = "") -> str:
    """An address of the pool for a container; `used` are those that others have.

    Forbidden when the wanted one is taken or none is left, InvalidParameter when it is not in the subnet.
    """
    # However they were written: an IPv6 address has many spellings.
    reserved = _canonical((pool.gateway, *pool.aux.values()))
    if wanted:
        address = _address("address", wanted)
        if address not in ipaddress.ip_network(pool.subnet):
            raise InvalidParameter(f"no configured subnet contains IP address {wanted}")
        text = str(address)
        if text in used or text in reserved:
            raise Forbidden("Address already in use")
        return text
    for candidate in _candidates(pool):
        text = str(candidate)
        if text not in used and text not in reserved:
            return text
    raise Forbidden(f"no available IPv{pool.version} addresses on this network's address pools")


def prefix(pool: Pool) -> int:
    """Bits of the subnet."""
    return ipaddress.ip_network(pool.subnet).prefixlen


def broadcast(pool: Pool) -> str:
    """The IPv4 broadcast address, "" where there is none."""
    net = ipaddress.ip_network(pool.subnet)
    return str(net.broadcast_address) if net.version == 4 and net.prefixlen < 31 else ""


def mac_for(address: str, entropy: str) -> bytes:
    """A locally administered MAC address, the same for the same IPv4 address; else from `entropy` (hexadecimal)."""
    if address and ":" not in address:
        return b"\x02\x42" + ipaddress.IPv4Address(address).packed
    raw = bytearray.fromhex(entropy[:12])
    raw[0] = raw[0] & 0xFE | 0x02
    return bytes(raw)


def _candidates(pool: Pool) -> Iterator[Addr]:
    subnet = ipaddress.ip_network(pool.subnet)
    inner = ipaddress.ip_network(pool.ip_range) if pool.ip_range else subnet
    first, last = int(inner.network_address), int(inner.broadcast_address)
    # The subnet's own first address names the network, IPv4's last one is everybody.
    if subnet.num_addresses > 2:
        if first == int(subnet.network_address):
            first += 1
        if subnet.version == 4 and last == int(subnet.broadcast_address):
            last -= 1
    make = ipaddress.IPv4Address if subnet.version == 4 else ipaddress.IPv6Address
    for number in range(first, last + 1):
        yield make(number)


def _canonical(addresses: Iterable[str]) -> set[str]:
    return {str(ipaddress.ip_address(one)) for one in addresses if one}


def _overlap(one: Net, other: Net) -> bool:
    return one.version == other.version and one.overlaps(other)


def _contains(outer: Net, inner: Net) -> bool:
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _address(what: str, text: str) -> Addr:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise InvalidParameter(f"invalid network config:\ninvalid {what} {text}: invalid address") from None
