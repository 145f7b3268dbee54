"""Subnets and addresses."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.lib.errors import BoxshipError, Conflict, Forbidden, InvalidParameter
from boxship.model.network import Pool
from boxship.network import ipam


def nets(*texts: str) -> list[ipam.Net]:
    return [ipaddress.ip_network(text) for text in texts]


def test_subnets_come_in_order_and_avoid_what_is_there() -> None:
    assert str(ipam.free_subnet([])) == "172.17.0.0/16"
    # A part of a subnet, all of it and more than it: each takes it away. A default route takes nothing.
    assert str(ipam.free_subnet(nets("0.0.0.0/0", "::/0", "172.17.5.0/24"))) == "172.18.0.0/16"
    assert str(ipam.free_subnet(nets("172.16.0.0/12"))) == "192.168.0.0/20"
    assert str(ipam.free_subnet(nets("172.16.0.0/12", "192.168.15.255/32", "fd00::/8"))) == "192.168.16.0/20"


def test_all_subnets_are_given_once() -> None:
    taken: list[ipam.Net] = []
    while True:
        try:
            net = ipam.free_subnet(taken)
        except BoxshipError as error:
            assert "--subnet" in error.message
            break
        assert not any(net.overlaps(other) for other in taken)
        taken.append(net)
    assert len(taken) == 31


@given(st.lists(st.ip_addresses(v=4).flatmap(lambda a: st.integers(1, 32).map(lambda b: (a, b))), max_size=12))
def test_no_route_is_overlapped(routes: list[tuple[ipaddress.IPv4Address, int]]) -> None:
    taken: list[ipam.Net] = list(map(_four, routes))
    try:
        found = ipam.free_subnet(taken)
    except BoxshipError:
        return
    assert not any(found.overlaps(other) for other in taken)


def _four(route: tuple[ipaddress.IPv4Address, int]) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network((route[0], route[1]), strict=False)


@given(st.text("0123456789abcdef", min_size=64, max_size=64))
def test_unique_local_subnets(network_id: str) -> None:
    net = ipam.unique_local(network_id)
    assert net.prefixlen == 64
    assert net.subnet_of(ipaddress.ip_network("fd00::/8"))  # type: ignore[arg-type]
    assert net == ipam.unique_local(network_id)


POOLS = st.one_of(
    st.builds(_four, st.tuples(st.ip_addresses(v=4), st.integers(24, 32))),
    st.builds(
        lambda address, bits: ipaddress.IPv6Network((address, bits), strict=False),
        st.ip_addresses(v=6),
        st.integers(120, 128),
    ),
)


@given(POOLS, st.data())
def test_addresses_until_none_is_left(net: ipam.Net, data: st.DataObject) -> None:
    """Each once, all within the range, none that is somebody's: the gateway's, a reserved one, the network's own."""
    bits = data.draw(st.integers(net.prefixlen, net.max_prefixlen))
    inner = data.draw(st.sampled_from(list(net.subnets(new_prefix=bits))))
    every = list(net)
    aux = {
        f"h{number}": _spelled(one)
        for number, one in enumerate(data.draw(st.lists(st.sampled_from(every), max_size=3)))
    }
    gateway = data.draw(st.just("") | st.sampled_from(every).map(_spelled))
    pool = Pool(subnet=str(net), ip_range=str(inner), gateway=gateway, aux=aux)
    ipam.check_pool(pool, [])
    try:
        pool = ipam.with_gateway(pool)
    except Conflict:
        return
    used: set[str] = set()
    while True:
        try:
            found = ipam.pick(pool, used)
        except Forbidden as error:
            assert "no available" in error.message
            break
        assert found not in used
        used.add(found)
    reserved = {ipaddress.ip_address(one) for one in (pool.gateway, *aux.values())}
    outer = set()
    if net.num_addresses > 2:
        outer = {net.network_address} | ({net.broadcast_address} if net.version == 4 else set())
    assert {ipaddress.ip_address(one) for one in used} == set(inner) - reserved - outer


def _spelled(address: ipam.Addr) -> str:
    """Not as Python would write it."""
    return address.exploded.upper()


@pytest.mark.parametrize(
    ("subnet", "gateway", "first"),
    [
        ("10.0.0.0/24", "10.0.0.1", "10.0.0.2"),
        ("10.0.0.4/30", "10.0.0.5", "10.0.0.6"),
        ("10.0.0.4/31", "10.0.0.4", "10.0.0.5"),
        ("fd00:1::/64", "fd00:1::1", "fd00:1::2"),
        ("fd00:1::/127", "fd00:1::", "fd00:1::1"),
    ],
)
def test_first_addresses(subnet: str, gateway: str, first: str) -> None:
    pool = ipam.with_gateway(Pool(subnet=subnet))
    assert pool.gateway == gateway
    assert ipam.pick(pool, ()) == first


def test_a_single_address_is_the_gateways() -> None:
    pool = ipam.with_gateway(Pool(subnet="10.0.0.4/32"))
    assert pool.gateway == "10.0.0.4"
    with pytest.raises(Forbidden, match="no available IPv4"):
        ipam.pick(pool, ())


def test_wanted_addresses() -> None:
    pool = Pool(subnet="fd00::/64", gateway="FD00:0::1", aux={"a": "fd00:0:0::5"})
    assert ipam.pick(pool, (), "FD00:0:0::9") == "fd00::9"
    for wanted, used in (("fd00::1", ()), ("fd00::5", ()), ("FD00::7", ("fd00::7",))):
        with pytest.raises(Forbidden, match="already in use"):
            ipam.pick(pool, used, wanted)
    for wanted in ("fd01::1", "10.0.0.1", "nothing"):
        with pytest.raises(InvalidParameter):
            ipam.pick(pool, (), wanted)


@pytest.mark.parametrize(
    "pool",
    [
        Pool(subnet="10.0.0.1/24"),
        Pool(subnet="10.0.0.0"),
        Pool(subnet="10.0.0.0/33"),
        Pool(subnet="much"),
        Pool(subnet="10.0.0.0/24", ip_range="10.0.1.0/25"),
        Pool(subnet="10.0.0.0/24", ip_range="10.0.0.0/23"),
        Pool(subnet="10.0.0.0/24", ip_range="fd00::/64"),
        Pool(subnet="10.0.0.0/24", gateway="10.0.1.1"),
        Pool(subnet="10.0.0.0/24", gateway="fd00::1"),
        Pool(subnet="10.0.0.0/24", gateway="10.0.0.1/24"),
        Pool(subnet="10.0.0.0/24", aux={"a": "10.0.1.1"}),
    ],
)
def test_pools_that_make_no_sense(pool: Pool) -> None:
    with pytest.raises(InvalidParameter, match="invalid network config"):
        ipam.check_pool(pool, [])


def test_pools_that_overlap() -> None:
    for taken in ("10.0.0.0/24", "10.0.0.128/25", "10.0.0.0/8"):
        with pytest.raises(Forbidden, match="overlaps"):
            ipam.check_pool(Pool(subnet="10.0.0.0/24"), nets(taken))
    ipam.check_pool(Pool(subnet="10.0.0.0/24"), nets("10.0.1.0/24", "fd00::/64"))


def test_broadcasts() -> None:
    found = {
        text: ipam.broadcast(Pool(subnet=text)) for text in ("10.0.0.0/24", "10.0.0.0/31", "10.0.0.0/32", "fd00::/64")
    }
    assert list(found.values()) == ["10.0.0.255", "", "", ""]


@given(st.ip_addresses(), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_hardware_addresses_are_local_and_of_one(address: ipam.Addr, entropy: str) -> None:
    made = ipam.mac_for(str(address), entropy)
    assert len(made) == 6
    assert made[0] & 3 == 2
