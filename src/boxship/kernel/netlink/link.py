"""Requests about network devices (rtnetlink(7), linux/if_link.h), and what the kernel says of them."""

from __future__ import annotations

import struct

from boxship.kernel.netlink.message import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    Message,
    Request,
    attribute,
    attributes,
    nested,
    number,
    string,
    text,
    u8,
    u16,
    u32,
)

RTM_NEWLINK = 16
RTM_DELLINK = 17
RTM_GETLINK = 18

IFF_UP = 0x1

_IFLA_ADDRESS = 1
_IFLA_IFNAME = 3
_IFLA_MTU = 4
_IFLA_LINK = 5
_IFLA_MASTER = 10
_IFLA_LINKINFO = 18
_IFLA_IFALIAS = 20
_IFLA_NET_NS_FD = 28
_IFLA_INFO_KIND = 1
_IFLA_INFO_DATA = 2
_IFLA_INFO_SLAVE_KIND = 4
_IFLA_INFO_SLAVE_DATA = 5
_VETH_INFO_PEER = 1
_IFLA_MACVLAN_MODE = 1
_IFLA_IPVLAN_MODE = 1
_IFLA_IPVLAN_FLAGS = 2
_IFLA_VLAN_ID = 1
_IFLA_BRPORT_ISOLATED = 33
_IFLA_BRPORT_MODE = 4

MACVLAN_MODES = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}
IPVLAN_MODES = {"l2": 0, "l3": 1, "l3s": 2}
IPVLAN_FLAGS = {"bridge": 0, "private": 1, "vepa": 2}

_INFO = struct.Struct("=BxHiII")


class Link:
    """A device as the kernel tells of it. kind: "bridge", "veth", …, "" for hardware; mac: six bytes or none.

    alias: what somebody noted about it, "" for nothing.
    """

    __slots__ = ("alias", "flags", "index", "kind", "mac", "master", "mtu", "name", "parent")

    def __init__(self, message: Message) -> None:
        _, _, self.index, self.flags, _ = _INFO.unpack_from(message.payload)
        values = attributes(message.payload[_INFO.size :])
        self.name = string(values.get(_IFLA_IFNAME, b""))
        self.alias = string(values.get(_IFLA_IFALIAS, b""))
        self.mtu = number(values.get(_IFLA_MTU, b""))
        self.mac = values.get(_IFLA_ADDRESS, b"")
        self.master = number(values.get(_IFLA_MASTER, b""))
        self.parent = number(values.get(_IFLA_LINK, b""))
        self.kind = string(attributes(values.get(_IFLA_LINKINFO, b"")).get(_IFLA_INFO_KIND, b""))

    @property
    def up(self) -> bool:
        """Whether it was switched on."""
        return bool(self.flags & IFF_UP)


def by_name(name: str) -> Request:
    """Ask for one device."""
    return Request(RTM_GETLINK, 0, _info() + text(_IFLA_IFNAME, name), f"look at {name}")


def all_links() -> Request:
    """Ask for all devices."""
    return Request(RTM_GETLINK, 0, _info(), "list the devices")


def bridge(name: str, *, mac: bytes = b"", mtu: int = 0) -> Request:
    """Make a bridge; it is down. mtu in bytes, 0 for the kernel's choice."""
    payload = _info() + _basics(name, mac, mtu) + _kind("bridge")
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, payload, f"make bridge {name}")


def veth(
    name: str,
    peer: str,
    *,
    master: int,
    peer_netns: int,
    peer_mac: bytes,
    mtu: int = 0,
) -> Request:
    """Make a pair: `name`, up, here and on the bridge with index `master`; `peer`, down, in the namespace whose
    descriptor is `peer_netns`.
    """
    other = _info() + _basics(peer, peer_mac, mtu) + u32(_IFLA_NET_NS_FD, peer_netns)
    payload = _info(flags=IFF_UP, change=IFF_UP) + _basics(name, b"", mtu) + u32(_IFLA_MASTER, master)
    payload += _kind("veth", attribute(_VETH_INFO_PEER, other))
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, payload, f"make veth {name}")


def vlan(name: str, parent: int, number: int) -> Request:
    """Make a VLAN device over the device with index `parent`."""
    payload = _info() + text(_IFLA_IFNAME, name) + u32(_IFLA_LINK, parent)
    payload += _kind("vlan", u16(_IFLA_VLAN_ID, number))
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, payload, f"make vlan {name}")


def macvlan(name: str, parent: int, mode: str, *, netns: int, mac: bytes, mtu: int = 0) -> Request:
    """Make a macvlan over the device with index `parent`, in another namespace. mode: of MACVLAN_MODES."""
    payload = _info() + _basics(name, mac, mtu) + u32(_IFLA_LINK, parent) + u32(_IFLA_NET_NS_FD, netns)
    payload += _kind("macvlan", u32(_IFLA_MACVLAN_MODE, MACVLAN_MODES[mode]))
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, payload, f"make macvlan {name}")


def ipvlan(name: str, parent: int, mode: str, flag: str, *, netns: int, mtu: int = 0) -> Request:
    """Make an ipvlan over the device with index `parent`, in another namespace. mode, flag: of IPVLAN_*."""
    payload = _info() + _basics(name, b"", mtu) + u32(_IFLA_LINK, parent) + u32(_IFLA_NET_NS_FD, netns)
    data = u16(_IFLA_IPVLAN_MODE, IPVLAN_MODES[mode]) + u16(_IFLA_IPVLAN_FLAGS, IPVLAN_FLAGS[flag])
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, payload + _kind("ipvlan", data), f"make ipvlan {name}")


def up(index: int, name: str = "") -> Request:
    """Switch a device on."""
    return Request(RTM_NEWLINK, 0, _info(index, flags=IFF_UP, change=IFF_UP), f"switch {name or index} on")


def down(index: int, name: str = "") -> Request:
    """Switch a device off."""
    return Request(RTM_NEWLINK, 0, _info(index, change=IFF_UP), f"switch {name or index} off")


def rename(index: int, name: str) -> Request:
    """Give a device, which must be down on kernels before 6.2, another name."""
    return Request(RTM_NEWLINK, 0, _info(index) + text(_IFLA_IFNAME, name), f"rename {index} to {name}")


def move(index: int, name: str, netns: int) -> Request:
    """Move a device into the network namespace with this descriptor, and call it `name` there. It comes down."""
    payload = _info(index) + u32(_IFLA_NET_NS_FD, netns) + text(_IFLA_IFNAME, name)
    return Request(RTM_NEWLINK, 0, payload, f"move the device to its namespace as {name}")


def set_alias(index: int, alias: str) -> Request:
    """Note something about a device, for people and for its maker (RTM_NEWLINK takes it of a device that is there)."""
    return Request(RTM_NEWLINK, 0, _info(index) + attribute(_IFLA_IFALIAS, alias.encode()), f"note {alias} at {index}")


def set_mtu(index: int, mtu: int) -> Request:
    """mtu in bytes."""
    return Request(RTM_NEWLINK, 0, _info(index) + u32(_IFLA_MTU, mtu), f"set the MTU of {index}")


def bridge_port(name: str, *, hairpin: bool, isolated: bool) -> Request:
    """Set how a bridge treats a port. hairpin: it may get back what it sent; isolated: it does not reach ports that
    are isolated, too.
    """
    settings = u8(_IFLA_BRPORT_MODE, hairpin) + u8(_IFLA_BRPORT_ISOLATED, isolated)
    kind = attribute(_IFLA_INFO_SLAVE_KIND, b"bridge"), nested(_IFLA_INFO_SLAVE_DATA, settings)
    payload = _info() + text(_IFLA_IFNAME, name) + nested(_IFLA_LINKINFO, *kind)
    return Request(RTM_NEWLINK, 0, payload, f"set {name} up as a bridge's port")


def delete(name: str) -> Request:
    """Remove a device; of a pair, both."""
    return Request(RTM_DELLINK, 0, _info() + text(_IFLA_IFNAME, name), f"remove {name}")


def _info(index: int = 0, *, flags: int = 0, change: int = 0) -> bytes:
    return _INFO.pack(0, 0, index, flags, change)


def _basics(name: str, mac: bytes, mtu: int) -> bytes:
    data = text(_IFLA_IFNAME, name)
    if mac:
        data += attribute(_IFLA_ADDRESS, mac)
    if mtu:
        data += u32(_IFLA_MTU, mtu)
    return data


def _kind(kind: str, data: bytes = b"") -> bytes:
    more = (nested(_IFLA_INFO_DATA, data),) if data else ()
    return nested(_IFLA_LINKINFO, attribute(_IFLA_INFO_KIND, kind.encode()), *more)
