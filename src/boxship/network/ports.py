"""Published ports: what was asked for, and sockets that keep the host's side for us."""

import errno
import ipaddress
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.model.config import PortBinding

_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM, "sctp": socket.SOCK_STREAM}
_IPPROTO_SCTP = 132
_FALLBACK_RANGE = (32768, 60999)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One binding: a port of the container, and where on the host. first..last: host ports to choose from, 0 for any.

    host_ip: "" for every address.
    """

    protocol: str
    port: int
    host_ip: str
    first: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Bound:
    """A port of the host that is ours. host_ip: an address, 0.0.0.0 or :: for all of one family."""

    protocol: str
    port: int
    host_ip: str
    host_port: int
    sock: socket.socket


class PortTaken(BoxshipError):
    """A port of the host that somebody has."""

    def __init__(self, one: Wanted, host_ip: str) -> None:
        super().__init__(
            f"failed to bind host port for {host_ip}:{one.first}::{one.port}/{one.protocol}: address already in use"
            f"{_holder(one.protocol, one.first)}"
        )
        self.protocol = one.protocol
        self.host_ip = host_ip
        self.port = one.first
        self.anywhere = not one.host_ip


def wanted(
    bindings: Mapping[str, Sequence[PortBinding] | None],
    exposed: Iterable[str] = (),
    *,
    publish_all: bool = False,
    default_ip: str = "",
) -> list[Wanted]:
    """What HostConfig asks for, in the order of the container's ports (pure).

    bindings: "80/tcp" -> bindings; exposed: "80/tcp", published on any port with publish_all. default_ip: of a
    binding that names no address. InvalidParameter for an address that is none.
    """
    found = []
    for port, asked in bindings.items():
        for one in asked or (PortBinding(),):
            found.append(_wanted(port, one, default_ip))
    if publish_all:
        found += [_wanted(port, PortBinding(), default_ip) for port in exposed if port not in bindings]
    return sorted(found, key=lambda one: (one.port, one.protocol))


def split_port(text: str) -> tuple[int, str]:
    """ "80/udp" as (80, "udp"); tcp when nothing is said. InvalidParameter."""
    number, _, protocol = text.partition("/")
    protocol = protocol.lower() or "tcp"
    if not 0 < _number(number) < 65536 or protocol not in _KINDS:
        raise InvalidParameter(f'invalid port specification: "{number if protocol in _KINDS else text}"')
    return int(number), protocol


def check_bindings(bindings: Mapping[str, Sequence[PortBinding] | None] | None) -> None:
    """InvalidParameter for a port of the container or of the host that is none (pure)."""
    for port, asked in (bindings or {}).items():
        split_port(port)
        for one in asked or ():
            _host_ports(one.host_port)


def exposed_port(text: str) -> str:
    """A port that is only shown, as Docker shows it: "80/tcp"; 0 for a number or a protocol that is none, since images
    and clients may write there what they like.
    """
    number, slash, protocol = text.partition("/")
    if not number:
        return "0/0"
    protocol = protocol.lower() if slash else "tcp"
    value = _number(number)
    return f"{value if 0 <= value < 65536 else 0}/{protocol if protocol in _KINDS else 0}"


def _number(text: str) -> int:
    """-1 for what is no number."""
    return int(text) if text.isascii() and text.isdecimal() else -1


def _host_ports(text: str) -> tuple[int, int]:
    """ "8080", "8080-8090", "" for any. InvalidParameter."""
    first, dash, last = text.partition("-")
    low, high = (_number(first), _number(last if dash else first)) if text else (0, 0)
    if not 0 <= low <= high < 65536:
        raise InvalidParameter(f'invalid port specification: "{text}"')
    return low, high


def _wanted(text: str, binding: PortBinding, default_ip: str) -> Wanted:
    port, protocol = split_port(text)
    host_ip = binding.host_ip or default_ip
    if host_ip:
        try:
            host_ip = str(ipaddress.ip_address(host_ip.strip("[]")))
        except ValueError:
            raise InvalidParameter(f"invalid host address {binding.host_ip!r} of port {text}") from None
    first, last = _host_ports(binding.host_port)
    return Wanted(protocol, port, host_ip, first, last)


def bind_all(asked: Sequence[Wanted], *, ipv6: bool) -> list[Bound]:
    """Take all the ports, or none (blocks shortly). ipv6: `::` as well, where no address is named.

    BoxshipError names the port, and who has it.
    """
    bound: list[Bound] = []
    try:
        for one in asked:
            bound += _bind(one, ipv6)
    except BaseException:
        for each in bound:
            each.sock.close()
        raise
    return bound


def _bind(one: Wanted, ipv6: bool) -> list[Bound]:
    addresses = [one.host_ip] if one.host_ip else ["0.0.0.0", *(["::"] if ipv6 else [])]
    candidates: Iterable[int] = range(one.first, one.last + 1) if one.first else _any_port()
    taken: OSError | None = None
    for number in candidates:
        try:
            return _bind_one(one, addresses, number)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise BoxshipError(
                    f"failed to bind host port {addresses[0]}:{number}/{one.protocol}: {error.strerror}"
                ) from None
            taken = error
    if one.first == one.last and one.first:
        raise PortTaken(one, addresses[0]) from taken
    raise BoxshipError(
        f"all ports from {one.first or _ephemeral()[0]} to {one.last or _ephemeral()[1]} are taken: publish "
        f"{one.port}/{one.protocol} on others"
    ) from taken


def _bind_one(one: Wanted, addresses: Sequence[str], number: int) -> list[Bound]:
    socks: list[Bound] = []
    try:
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            protocol = _IPPROTO_SCTP if one.protocol == "sctp" else 0
            sock = socket.socket(family, _KINDS[one.protocol] | socket.SOCK_CLOEXEC, protocol)
            socks.append(Bound(one.protocol, one.port, address, number, sock))
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((address, number))
    except BaseException:
        for each in socks:
            each.sock.close()
        raise
    return socks


def _any_port() -> Iterable[int]:
    first, last = _ephemeral()
    start = first + int.from_bytes(os.urandom(4), "big") % (last - first + 1)
    return (*range(start, last + 1), *range(first, start))


def _ephemeral() -> tuple[int, int]:
    """ip(7), ip_local_port_range."""
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
            first, last = file.read().split()
        return int(first), int(last)
    except (OSError, ValueError):
        return _FALLBACK_RANGE


def _holder(protocol: str, number: int) -> str:
    """Which process has a port, for people; "" when it can't be told."""
    inodes = set()
    for table in (f"/proc/net/{protocol}", f"/proc/net/{protocol}6"):
        try:
            with open(table, encoding="ascii") as file:
                rows = [line.split() for line in file.readlines()[1:]]
        except OSError:
            continue
        # proc(5): local_address as hex, st 0A is LISTEN.
        inodes |= {f"socket:[{row[9]}]" for row in rows if int(row[1].rpartition(":")[2], 16) == number}
    inodes.discard("socket:[0]")
    for pid in filter(str.isdecimal, os.listdir("/proc")) if inodes else ():
        try:
            for fd in os.scandir(f"/proc/{pid}/fd"):
                if os.readlink(fd.path) in inodes:
                    with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
                        return f" (by {file.read().strip()}, pid {pid})"
        except OSError:
            continue
    return ""
