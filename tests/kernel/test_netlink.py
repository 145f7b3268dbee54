"""Devices, addresses and routes in network namespaces of the test's own, looked at with ip(8)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from boxship.kernel import netns
from boxship.kernel.netlink import address, link
from boxship.kernel.netlink.socket import NetlinkError, NetlinkSocket


@pytest.fixture
def host() -> Iterator[int]:
    """A network namespace that stands for the host's; the test's thread is in it."""
    with netns.new() as fd:
        yield fd
    os.close(fd)


def ip(fd: int, *words: str) -> Any:
    """What ip(8) says in a namespace."""
    command = ["nsenter", f"--net=/proc/self/fd/{fd}", "ip", "-j", "-d", *words]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, pass_fds=[fd]).stdout or "[]")


def make_bridge(sock: NetlinkSocket, name: str) -> int:
    sock.run(link.bridge(name, mtu=1400))
    message = sock.get(link.by_name(name))
    assert message is not None
    return link.Link(message).index


def test_a_container_of_a_bridge(host: int) -> None:
    with NetlinkSocket() as sock:
        index = make_bridge(sock, "bx0")
        sock.run(
            link.up(index), address.add_address(index, "10.9.8.1", 24), address.add_address(index, "fd00:9::1", 64)
        )
        with netns.new() as inner:
            other = NetlinkSocket()
        mac = bytes.fromhex("0242 0a09 0802".replace(" ", ""))
        sock.run(link.veth("bxv0", "eth0", master=index, peer_netns=inner, peer_mac=mac, mtu=1400))
        message = other.get(link.by_name("eth0"))
        assert message is not None
        eth0 = link.Link(message).index
        other.run(
            link.up(1),
            link.up(eth0),
            address.add_address(eth0, "10.9.8.2", 24, broadcast="10.9.8.255"),
            address.add_address(eth0, "fd00:9::2", 64),
            address.add_route(eth0, "10.9.8.1"),
            address.add_route(eth0, "fd00:9::1"),
            address.add_route(eth0, destination="10.77.0.0", prefix=16),
        )
        seen = {one["ifname"]: one for one in ip(inner, "addr")}
        assert "UP" in seen["lo"]["flags"]
        assert seen["eth0"]["address"] == "02:42:0a:09:08:02"
        assert seen["eth0"]["mtu"] == 1400
        addresses = {(one["local"], one["prefixlen"], one.get("broadcast")) for one in seen["eth0"]["addr_info"]}
        assert {("10.9.8.2", 24, "10.9.8.255"), ("fd00:9::2", 64, None)} <= addresses
        # Usable at once: nobody looks first whether somebody else has it.
        assert not any(one.get("tentative") for one in seen["eth0"]["addr_info"] if one["local"] == "fd00:9::2")
        assert {(one["dst"], one.get("gateway")) for one in ip(inner, "route")} == {
            ("default", "10.9.8.1"),
            ("10.9.8.0/24", None),
            ("10.77.0.0/16", None),
        }
        assert ("default", "fd00:9::1") in {(one["dst"], one.get("gateway")) for one in ip(inner, "-6", "route")}
        ours = {one["ifname"]: one for one in ip(host, "link")}
        assert ours["bxv0"]["master"] == "bx0"
        # Its other end goes with the namespace, and the namespace with its last descriptor.
        other.close()
        os.close(inner)
        _gone(sock, "bxv0")


def _gone(sock: NetlinkSocket, name: str) -> None:
    done = threading.Event()
    for _ in range(200):
        if sock.get(link.by_name(name)) is None:
            return
        done.wait(0.02)
    raise AssertionError(f"{name} is still there")


def test_what_there_is_can_be_listed(host: int) -> None:
    with NetlinkSocket() as sock:
        index = make_bridge(sock, "bx0")
        sock.run(link.up(index), address.add_address(index, "10.9.8.1", 24))
        links = {one.name: one for one in map(link.Link, sock.dump(link.all_links()))}
        assert (links["bx0"].kind, links["bx0"].mtu, links["bx0"].up) == ("bridge", 1400, True)
        addresses = [
            (one.index, one.address, one.prefix) for one in map(address.Address, sock.dump(address.all_addresses()))
        ]
        assert (index, "10.9.8.1", 24) in addresses
        routes = [
            (one.destination, one.prefix, one.table)
            for one in map(address.Route, sock.dump(address.all_routes(socket.AF_INET)))
        ]
        assert ("10.9.8.0", 24, 254) in routes


def test_a_refusal_names_what_was_asked(host: int) -> None:
    with NetlinkSocket() as sock:
        make_bridge(sock, "bx0")
        with pytest.raises(NetlinkError, match="make bridge bx0: File exists"):
            sock.run(link.bridge("bx0"))
        assert sock.get(link.by_name("nowhere")) is None
        with pytest.raises(NetlinkError, match="remove nowhere: No such device"):
            sock.run(link.delete("nowhere"))
        assert sock.results(link.delete("nowhere"), link.delete("bx0")) == [19, 0]


def test_many_requests_at_once(host: int) -> None:
    with NetlinkSocket() as sock:
        sock.run(*(link.bridge(f"d{number}") for number in range(150)))
        assert len(sock.dump(link.all_links())) >= 151
        sock.run(*(link.delete(f"d{number}") for number in range(150)))
        assert not [one for one in map(link.Link, sock.dump(link.all_links())) if one.name.startswith("d")]


def test_only_the_thread_changes_over() -> None:
    own = os.readlink("/proc/thread-self/ns/net")
    seen: dict[str, str] = {}

    def work() -> None:
        with netns.new() as fd:
            seen["new"] = os.readlink("/proc/thread-self/ns/net")
            seen["main"] = os.readlink("/proc/self/ns/net")
        seen["after"] = os.readlink("/proc/thread-self/ns/net")
        with netns.inside(fd):
            seen["inside"] = os.readlink("/proc/thread-self/ns/net")
        os.close(fd)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen["main"] == seen["after"] == own
    assert seen["new"] == seen["inside"] != own


def test_a_macvlan_and_an_ipvlan(host: int) -> None:
    with NetlinkSocket() as sock:
        with netns.new() as inner:
            pass
        bridge = make_bridge(sock, "bx0")
        sock.run(
            *(link.veth(f"d{number}", f"e{number}", master=bridge, peer_netns=host, peer_mac=b"") for number in (0, 1))
        )
        parents = {one.name: one.index for one in map(link.Link, sock.dump(link.all_links()))}
        mac = bytes.fromhex("024200000001")
        try:
            for request in (
                link.macvlan("eth0", parents["e0"], "bridge", netns=inner, mac=mac),
                link.ipvlan("eth1", parents["e1"], "l3", "bridge", netns=inner),
            ):
                if sock.results(request) == [95]:
                    pytest.skip(f"{request.what}: this kernel has none")
            seen = {one["ifname"]: one for one in ip(inner, "link")}
            assert seen["eth0"]["linkinfo"]["info_data"]["mode"] == "bridge"
            assert seen["eth0"]["address"] == "02:42:00:00:00:01"
            assert seen["eth1"]["linkinfo"]["info_data"]["mode"] == "l3"
        finally:
            os.close(inner)
