"""Requests about addresses of devices and about routes (rtnetlink(7))."""

from __future__ import annotations

import _socket
import struct

from boxship.kernel.netlink.message import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    Message,
    Request,
    attribute,
    attributes,
    number,
    u32,
)

RTM_NEWADDR = 20
RTM_DELADDR = 21
RTM_GETADDR = 22
RTM_NEWROUTE = 24
RTM_DELROUTE = 25
RTM_GETROUTE = 26

_IFA_ADDRESS = 1
_IFA_LOCAL = 2
_IFA_BROADCAST = 4
_IFA_FLAGS = 8
# No duplicate address detection: addresses are ours to give, and a program must be able to bind at once.
_IFA_F_NODAD = 0x02

_RTA_DST = 1
_RTA_OIF = 4
_RTA_GATEWAY = 5
_RTA_PRIORITY = 6
_RTA_TABLE = 15
_TABLE_MAIN = 254
_PROT_BOOT = 3
_SCOPE_UNIVERSE = 0
_SCOPE_LINK = 253
_RTN_UNICAST = 1

_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")


def family_of(address: str) -> int:
    """AF_INET or AF_INET6."""
    return _socket.AF_INET6 if ":" in address else _socket.AF_INET


def pack(address: str) -> bytes:
    """The 4 or 16 bytes of an address. OSError when it is none."""
    return _socket.inet_pton(family_of(address), address)


class Address:
    """An address of a device. prefix: bits of its network."""

    __slots__ = ("address", "index", "prefix")

    def __init__(self, message: Message) -> None:
        family, self.prefix, _, _, self.index = _ADDRESS.unpack_from(message.payload)
        values = attributes(message.payload[_ADDRESS.size :])
        raw = values.get(_IFA_LOCAL) or values.get(_IFA_ADDRESS, b"")
        self.address = _socket.inet_ntop(family, raw)


class Route:
    """A route of a table. destination: "" for the default route; gateway: "" for a network on the wire itself."""

    __slots__ = ("destination", "family", "gateway", "index", "prefix", "priority", "table", "type")

    def __init__(self, message: Message) -> None:
        self.family, self.prefix, _, _, table, _, _, self.type, _ = _ROUTE.unpack_from(message.payload)
        values = attributes(message.payload[_ROUTE.size :])
        self.table = number(values[_RTA_TABLE]) if _RTA_TABLE in values else table
        self.index = number(values.get(_RTA_OIF, b""))
        self.priority = number(values.get(_RTA_PRIORITY, b""))
        self.destination = self._address(values.get(_RTA_DST, b""))
        self.gateway = self._address(values.get(_RTA_GATEWAY, b""))

    def _address(self, raw: bytes) -> str:
        return _socket.inet_ntop(self.family, raw) if raw else ""


def add_address(index: int, address: str, prefix: int, *, broadcast: str = "") -> Request:
    """Give a device an address of a network of `prefix` bits."""
    family = family_of(address)
    raw = pack(address)
    payload = _ADDRESS.pack(family, prefix, 0, _SCOPE_UNIVERSE, index)
    payload += attribute(_IFA_LOCAL, raw) + attribute(_IFA_ADDRESS, raw)
    if broadcast:
        payload += attribute(_IFA_BROADCAST, pack(broadcast))
    if family == _socket.AF_INET6:
        payload += u32(_IFA_FLAGS, _IFA_F_NODAD)
    return Request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, payload, f"add address {address}/{prefix}")


def delete_address(index: int, address: str, prefix: int) -> Request:
    """Take an address away from a device."""
    raw = pack(address)
    payload = _ADDRESS.pack(family_of(address), prefix, 0, _SCOPE_UNIVERSE, index)
    payload += attribute(_IFA_LOCAL, raw) + attribute(_IFA_ADDRESS, raw)
    return Request(RTM_DELADDR, 0, payload, f"remove address {address}/{prefix}")


def all_addresses(family: int = 0) -> Request:
    """Ask for the addresses of all devices."""
    return Request(RTM_GETADDR, 0, _ADDRESS.pack(family, 0, 0, 0, 0), "list the addresses")


def add_route(index: int, gateway: str = "", *, destination: str = "", prefix: int = 0) -> Request:
    """Send what goes to `destination`, or everything, out of a device; by a gateway, or straight onto its wire."""
    family = family_of(gateway or destination)
    scope = _SCOPE_UNIVERSE if gateway or family == _socket.AF_INET6 else _SCOPE_LINK
    payload = _ROUTE.pack(family, prefix, 0, 0, _TABLE_MAIN, _PROT_BOOT, scope, _RTN_UNICAST, 0)
    if destination:
        payload += attribute(_RTA_DST, pack(destination))
    if gateway:
        payload += attribute(_RTA_GATEWAY, pack(gateway))
    payload += u32(_RTA_OIF, index)
    target = f"{destination}/{prefix}" if destination else "default"
    via = f" via {gateway}" if gateway else ""
    return Request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, payload, f"add route {target}{via}")


def default_route(index: int) -> Request:
    """Send everything of IPv4 out of a device, without a gateway (macvlan and ipvlan of an internal kind)."""
    payload = _ROUTE.pack(_socket.AF_INET, 0, 0, 0, _TABLE_MAIN, _PROT_BOOT, _SCOPE_LINK, _RTN_UNICAST, 0)
    return Request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, payload + u32(_RTA_OIF, index), "add route default")


def delete_default_route(family: int) -> Request:
    """Take the default route of a family away."""
    payload = _ROUTE.pack(family, 0, 0, 0, _TABLE_MAIN, 0, 0, 0, 0)
    return Request(RTM_DELROUTE, 0, payload, "remove route default")


def all_routes(family: int) -> Request:
    """Ask for the routes of a family, those of all tables."""
    return Request(RTM_GETROUTE, 0, _ROUTE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0), "list the routes")
