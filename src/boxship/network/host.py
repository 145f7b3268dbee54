"""The kernel work of networks on this host: bridges, pairs of devices, namespaces, packet rules."""

import fcntl
import ipaddress
import os
import re
import socket
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from boxship.kernel import netns, sysctl
from boxship.kernel.netlink import address, link, nftables
from boxship.kernel.netlink.socket import NETLINK_NETFILTER, NetlinkSocket
from boxship.kernel.nftables import Nftables, NoNftables, RulesRefused
from boxship.lib.errors import BoxshipError, Conflict
from boxship.network import rules
from boxship.network.flows import forget_flows
from boxship.network.ipam import Net

# One choice of addresses at a time on the whole machine, whichever engine makes it.
_LOCK = "/run/boxship-addresses.lock"
_MAIN_TABLE = 254
_DEFAULT_MTU = 1500
_OURS = re.compile(r"eth\d+")
RESOLVER = "127.0.0.11"
"""Where containers of user-defined networks ask for names."""


@dataclass(frozen=True, slots=True)
class BridgePlan:
    """A bridge that is to be. addresses: (address, bits) of the bridge itself. mtu: 0 for the host's uplink's."""

    device: str
    addresses: tuple[tuple[str, int], ...]
    mtu: int = 0
    ipv6: bool = False


@dataclass(frozen=True, slots=True)
class Plug:
    """One interface of a container. device: the host's end; addresses: (address, bits, broadcast).

    gateways: of the default routes, "" for none. mtu: 0 for the bridge's. isolated: no neighbour on the bridge is
    reached.
    """

    bridge: str
    device: str
    interface: str
    mac: bytes
    addresses: tuple[tuple[str, int, str], ...]
    gateways: tuple[str, ...] = ()
    mtu: int = 0
    isolated: bool = False
    sysctls: dict[str, str] = field(default_factory=dict)


class RulesMissing(BoxshipError):
    """This machine has no nftables: containers reach their own networks only."""


class HostNetwork:
    """Blocks; any thread may call. Nothing is opened, and no library loaded, before it is needed."""

    def __init__(self, instance: str) -> None:
        self.table = rules.table_name(instance)
        # Stands as alias at the bridges that this engine has made; others' are used, and never removed.
        self._mark = self.table
        self._lock = threading.Lock()
        self._socket: NetlinkSocket | None = None
        self._nftables: Nftables | None = None

    def close(self) -> None:
        """Give back what was opened; the kernel's objects stay."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            if self._nftables is not None:
                self._nftables.close()
            self._socket = self._nftables = None

    def taken(self) -> list[Net]:
        """The networks that this host's routes lead to: no subnet of ours may overlap one."""
        found: list[Net] = []
        with self._netlink() as sock:
            for family in (socket.AF_INET, socket.AF_INET6):
                for route in map(address.Route, sock.dump(address.all_routes(family))):
                    if route.destination and route.table == _MAIN_TABLE:
                        found.append(ipaddress.ip_network(f"{route.destination}/{route.prefix}"))
        return found

    def uplink_mtu(self) -> int:
        """The MTU of the device that the default route leads out of; Ethernet's when there is none."""
        with self._netlink() as sock:
            routes = [address.Route(one) for one in sock.dump(address.all_routes(socket.AF_INET))]
            defaults = [one for one in routes if not one.destination and one.table == _MAIN_TABLE and one.index]
            if not defaults:
                return _DEFAULT_MTU
            index = min(defaults, key=lambda one: one.priority).index
            links = {one.index: one for one in map(link.Link, sock.dump(link.all_links()))}
            return min(links[index].mtu, _DEFAULT_MTU) if index in links else _DEFAULT_MTU

    def make_bridge(self, plan: BridgePlan, *, forward: bool = True) -> None:
        """Make a bridge, or complete one that is there. Conflict when the name belongs to another kind of device.

        forward: let the kernel send packets on; not without rules, which keep networks apart.
        """
        mtu = plan.mtu or self.uplink_mtu()
        with self._netlink() as sock:
            message = sock.get(link.by_name(plan.device))
            if message is None:
                sock.run(link.bridge(plan.device, mac=_random_mac()))
                message = sock.get(link.by_name(plan.device))
                if message is None:
                    raise BoxshipError(f"bridge {plan.device} was removed while it was made: try again")
                sock.run(link.set_alias(link.Link(message).index, self._mark))
            found = link.Link(message)
            if found.kind != "bridge":
                raise Conflict(f"device {plan.device} is there already and is no bridge: choose another name")
            sysctl.put(f"ipv6/conf/{plan.device}/accept_ra", "0")
            sysctl.put(f"ipv4/conf/{plan.device}/route_localnet", "1")
            if not plan.ipv6:
                sysctl.put(f"ipv6/conf/{plan.device}/disable_ipv6", "1")
            if found.mtu != mtu:
                # Said by name, or the kernel goes on choosing it by the ports.
                sock.run(link.set_mtu(found.index, mtu))
            has = {
                one.address
                for one in map(address.Address, sock.dump(address.all_addresses()))
                if one.index == found.index
            }
            new = [(text, bits) for text, bits in plan.addresses if text not in has]
            sock.run(link.up(found.index, plan.device), *(address.add_address(found.index, *one) for one in new))
        if forward:
            sysctl.forward_packets(plan.ipv6)

    def remove_bridge(self, name: str, *, own: bool = False) -> None:
        """Remove a bridge that this engine has made; nothing to do when it is not there, or somebody else's.

        own: the name was of our choice: a daemon that is killed leaves a bridge that it could not mark yet.
        """
        with self._netlink() as sock:
            message = sock.get(link.by_name(name))
            if message is not None and (own or link.Link(message).alias == self._mark):
                sock.run(link.delete(name))

    def bridges(self) -> set[str]:
        """The names of the bridges that this engine has made, its former daemons included."""
        with self._netlink() as sock:
            every = map(link.Link, sock.dump(link.all_links()))
            return {one.name for one in every if one.alias == self._mark and one.kind == "bridge"}

    def left_rules(self) -> bool:
        """Whether the table is there: asked of the kernel, without the library."""
        try:
            with NetlinkSocket(NETLINK_NETFILTER) as sock:
                return sock.get(nftables.table_by_name(self.table)) is not None
        except OSError:
            # A kernel without nftables.
            return False

    def sandbox(self, plugs: Sequence[Plug]) -> int:
        """A new network namespace with its loopback and these interfaces, all up; its descriptor, the caller's.

        OSError names the step; nothing is left then.
        """
        try:
            with netns.new() as fd:
                inner = NetlinkSocket()
        except OSError as error:
            raise OSError(error.errno, f"make a network namespace: {error.strerror}") from error
        try:
            with inner:
                inner.run(link.up(1, "lo"))
                for plug in plugs:
                    self._plug(fd, inner, plug)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def plug(self, fd: int, plug: Plug) -> None:
        """Give a namespace one more interface."""
        with netns.inside(fd):
            inner = NetlinkSocket()
        with inner:
            self._plug(fd, inner, plug)

    def unplug(self, fd: int, interface: str) -> None:
        """Take an interface away from a namespace, with its end here."""
        with netns.inside(fd):
            inner = NetlinkSocket()
        with inner:
            if inner.get(link.by_name(interface)) is not None:
                inner.run(link.delete(interface))

    def interfaces(self, fd: int) -> set[str]:
        """The container's ends of pairs of devices in a namespace that are named as ours are."""
        with netns.inside(fd), NetlinkSocket() as inner:
            links = map(link.Link, inner.dump(link.all_links()))
            return {one.name for one in links if one.kind == "veth" and _OURS.fullmatch(one.name)}

    def resolver_sockets(self, fd: int) -> tuple[socket.socket, socket.socket]:
        """A datagram socket and a listener in a namespace, to which 127.0.0.11 port 53 leads there.

        Their own ports are any: the container's programs may want 53 for themselves. Without nftables they are 53.
        """
        with netns.inside(fd):
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            try:
                try:
                    inner = Nftables()
                except NoNftables:
                    udp.bind((RESOLVER, 53))
                    tcp.bind((RESOLVER, 53))
                else:
                    udp.bind((RESOLVER, 0))
                    tcp.bind((RESOLVER, 0))
                    inner.run(rules.resolver(RESOLVER, udp.getsockname()[1], tcp.getsockname()[1]))
                    inner.close()
                tcp.listen(64)
            except BaseException:
                udp.close()
                tcp.close()
                raise
        return udp, tcp

    def lead_out(self, fd: int, interface: str, gateways: Sequence[str]) -> None:
        """Make an interface the way out of a namespace, for each family that has a gateway."""
        with netns.inside(fd):
            inner = NetlinkSocket()
        with inner:
            message = inner.get(link.by_name(interface))
            if message is not None:
                index = link.Link(message).index
                inner.run(*(address.add_route(index, gateway) for gateway in gateways if gateway))

    def _plug(self, fd: int, inner: NetlinkSocket, plug: Plug) -> None:
        with self._netlink() as sock:
            message = sock.get(link.by_name(plug.bridge))
            if message is None:
                raise BoxshipError(f"bridge {plug.bridge} is gone: somebody else has removed it; restart the daemon")
            bridge = link.Link(message)
            sock.run(
                link.veth(
                    plug.device,
                    plug.interface,
                    master=bridge.index,
                    peer_netns=fd,
                    peer_mac=plug.mac,
                    mtu=plug.mtu or bridge.mtu,
                ),
                # Where br_netfilter is loaded, a container reaches its own published port through its own port only.
                link.bridge_port(plug.device, hairpin=True, isolated=plug.isolated),
            )
        message = inner.get(link.by_name(plug.interface))
        if message is None:
            raise BoxshipError(f"interface {plug.interface} did not arrive in the container's network namespace")
        index = link.Link(message).index
        if plug.sysctls:
            with netns.inside(fd):
                for key, value in plug.sysctls.items():
                    sysctl.put(key, value)
        inner.run(
            link.up(index, plug.interface),
            *(address.add_address(index, text, bits, broadcast=last) for text, bits, last in plug.addresses),
            *(address.add_route(index, gateway) for gateway in plug.gateways if gateway),
        )

    def has_rules(self) -> bool:
        """Whether this machine has nftables."""
        try:
            self._nft("")
        except RulesMissing:
            return False
        return True

    def set_rules(self, bridges: Sequence[rules.BridgeRules], published: Iterable[rules.Published]) -> None:
        """Put the whole table in place. BoxshipError when the machine has no nftables, or it refuses."""
        self._nft(rules.table(self.table, bridges, published))

    def open_ports(self, published: Sequence[rules.Published]) -> None:
        """Let ports lead to a container; the table is there."""
        self._nft(rules.add_ports(self.table, published))
        forget_flows(published)

    def close_ports(self, published: Sequence[rules.Published]) -> None:
        """Let ports lead nowhere any more."""
        self._nft(rules.remove_ports(self.table, published))
        forget_flows(published)

    def remove_rules(self) -> None:
        """Take the table away."""
        self._nft(rules.remove_table(self.table))

    @contextmanager
    def choosing(self) -> Iterator[None]:
        """Be the only engine of this machine that chooses subnets while the block runs."""
        fd = os.open(_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    @contextmanager
    def _netlink(self) -> Iterator[NetlinkSocket]:
        with self._lock:
            if self._socket is None:
                self._socket = NetlinkSocket()
            yield self._socket

    def _nft(self, text: str) -> None:
        with self._lock:
            try:
                if self._nftables is None:
                    self._nftables = Nftables()
                self._nftables.run(text)
            except NoNftables as error:
                raise RulesMissing(str(error)) from None
            except RulesRefused as error:
                raise BoxshipError(str(error)) from None


def _random_mac() -> bytes:
    raw = bytearray(os.urandom(6))
    raw[0] = raw[0] & 0xFE | 0x02
    return bytes(raw)
