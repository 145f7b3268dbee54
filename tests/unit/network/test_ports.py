"""Published ports: what is asked for, and the sockets that keep them."""

from __future__ import annotations

import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.model.config import PortBinding
from boxship.network import ports
from boxship.network.ports import Wanted


def wanted(port: str, host_port: str = "", host_ip: str = "", default_ip: str = "") -> list[Wanted]:
    return ports.wanted({port: [PortBinding(host_ip=host_ip, host_port=host_port)]}, default_ip=default_ip)


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        (wanted("80/tcp", "8080"), Wanted("tcp", 80, "", 8080, 8080)),  # -p 8080:80
        (wanted("80", "8080"), Wanted("tcp", 80, "", 8080, 8080)),
        (wanted("53/UDP", "53"), Wanted("udp", 53, "", 53, 53)),  # -p 53:53/udp
        (wanted("7/sctp", "7"), Wanted("sctp", 7, "", 7, 7)),
        (wanted("80/tcp"), Wanted("tcp", 80, "", 0, 0)),  # -p 80
        (wanted("80/tcp", "0"), Wanted("tcp", 80, "", 0, 0)),
        (wanted("80/tcp", "8000-8010"), Wanted("tcp", 80, "", 8000, 8010)),  # -p 8000-8010:80
        (wanted("80/tcp", "8080", "127.0.0.1"), Wanted("tcp", 80, "127.0.0.1", 8080, 8080)),
        (wanted("80/tcp", "", "127.0.0.1"), Wanted("tcp", 80, "127.0.0.1", 0, 0)),  # -p 127.0.0.1::80
        (wanted("80/tcp", "8080", "[::1]"), Wanted("tcp", 80, "::1", 8080, 8080)),
        (wanted("80/tcp", "8080", "0:0::1"), Wanted("tcp", 80, "::1", 8080, 8080)),
        (wanted("80/tcp", "8080", "", "127.0.0.1"), Wanted("tcp", 80, "127.0.0.1", 8080, 8080)),
        (wanted("80/tcp", "8080", "0.0.0.0", "127.0.0.1"), Wanted("tcp", 80, "0.0.0.0", 8080, 8080)),
    ],
)
def test_forms(found: list[Wanted], meant: Wanted) -> None:
    assert found == [meant]


def test_several_and_all() -> None:
    bindings = {"80/tcp": [PortBinding(host_port="1"), PortBinding(host_port="2")], "53/udp": None, "53/tcp": []}
    found = ports.wanted(bindings, ["80/tcp", "9/udp", "7/tcp"], publish_all=True)
    assert [(one.port, one.protocol, one.first) for one in found] == [
        (7, "tcp", 0),
        (9, "udp", 0),
        (53, "tcp", 0),
        (53, "udp", 0),
        (80, "tcp", 1),
        (80, "tcp", 2),
    ]
    assert ports.wanted({}, ["80/tcp"]) == []


@pytest.mark.parametrize("port", ["", "/tcp", "0/tcp", "65536", "80/icmp", "80/", "-1", "1.5", "٣/tcp", "80-90/tcp"])
def test_ports_that_are_none(port: str) -> None:
    if port == "80/":
        assert ports.split_port(port) == (80, "tcp")
        return
    with pytest.raises(InvalidParameter):
        wanted(port, "1")


@pytest.mark.parametrize("text", ["x", "80-", "-80", "90-80", "65536", "1-65536", "-", "1-2-3", "٣", " 1", "+1"])
def test_host_ports_that_are_none(text: str) -> None:
    with pytest.raises(InvalidParameter, match="invalid port specification"):
        wanted("80/tcp", text)


@pytest.mark.parametrize("text", ["x", "1.2.3", "1.2.3.4.5", "::g", "localhost"])
def test_host_addresses_that_are_none(text: str) -> None:
    with pytest.raises(InvalidParameter, match="host address"):
        wanted("80/tcp", "1", text)


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_any_text_is_a_port_or_refused(port: str, host_port: str, host_ip: str) -> None:
    try:
        (found,) = wanted(port, host_port, host_ip)
    except InvalidParameter:
        return
    assert 0 < found.port < 65536
    assert 0 <= found.first <= found.last < 65536


def take(*asked: Wanted) -> list[ports.Bound]:
    return ports.bind_all(asked, ipv6=False)


def release(bound: list[ports.Bound]) -> None:
    for one in bound:
        one.sock.close()


def test_a_taken_port_is_named_with_its_holder_and_nothing_is_kept() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        number = holder.getsockname()[1]
        free = take(Wanted("tcp", 1, "127.0.0.1"))
        release(free)
        other = free[0].host_port
        with pytest.raises(BoxshipError, match=rf"{number}.*already in use.*pid {os.getpid()}"):
            take(Wanted("tcp", 1, "127.0.0.1", other, other), Wanted("tcp", 2, "127.0.0.1", number, number))
        with socket.socket() as again:
            again.bind(("127.0.0.1", other))
        # Out of a range the next one; the other protocol has ports of its own.
        bound = take(
            Wanted("tcp", 1, "127.0.0.1", number, min(65535, number + 20)),
            Wanted("udp", 1, "127.0.0.1", number, number),
        )
        assert bound[0].host_port > number
        release(bound)


def test_a_range_that_is_all_taken() -> None:
    bound = take(Wanted("udp", 1, "127.0.0.1"))
    number = bound[0].host_port
    with pytest.raises(BoxshipError, match="already in use"):
        take(Wanted("udp", 1, "127.0.0.1", number, number))
    release(bound)


def test_both_families_have_the_same_port() -> None:
    bound = ports.bind_all([Wanted("tcp", 80, "")], ipv6=True)
    assert [one.host_ip for one in bound] == ["0.0.0.0", "::"]
    assert len({one.host_port for one in bound}) == 1
    release(bound)
