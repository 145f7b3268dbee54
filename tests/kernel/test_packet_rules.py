"""The table of packet rules, taken by the kernel in a network namespace of the test's own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxship.kernel import netns
from boxship.kernel.netlink import nftables
from boxship.kernel.netlink.socket import NETLINK_NETFILTER, NetlinkSocket
from boxship.kernel.nftables import Nftables, RulesRefused
from boxship.network import rules
from boxship.network.rules import BridgeRules, Published

NAME = "boxship-test"


@pytest.fixture(scope="module")
def nft() -> Iterator[Nftables]:
    """nftables in a namespace that stands for the host's."""
    with netns.new() as fd:
        made = Nftables()
        yield made
        made.close()
    os.close(fd)


BRIDGES = st.lists(
    st.builds(
        BridgeRules,
        st.from_regex(r"[a-z][a-z0-9._-]{0,14}", fullmatch=True),
        st.sampled_from([(), ("10.1.0.0/16",), ("fd00::/64",), ("10.2.0.0/24", "fd01::/64"), ("10.9.9.9/32",)]),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=6,
    unique_by=lambda one: one.device,
)
PORT = st.integers(1, 65535)
PUBLISHED = st.lists(
    st.one_of(
        st.builds(
            Published,
            st.sampled_from(rules.PROTOCOLS),
            st.sampled_from(["", "127.0.0.1", "192.0.2.7"]),
            PORT,
            st.sampled_from(["10.1.0.2", "10.2.0.9"]),
            PORT,
        ),
        st.builds(
            Published, st.sampled_from(rules.PROTOCOLS), st.sampled_from(["", "::1"]), PORT, st.just("fd00::2"), PORT
        ),
    ),
    max_size=12,
    unique_by=lambda one: (one.map, one.key),
)


def listed(nft: Nftables) -> str:
    return nft.run(f"list table inet {NAME}\n")


@given(BRIDGES, PUBLISHED)
@settings(max_examples=40)
def test_every_state_is_taken_and_ports_come_and_go(
    nft: Nftables, bridges: list[BridgeRules], published: list[Published]
) -> None:
    """With the ports from the start, or one by one afterwards, it is the same table; without them it is the first."""
    nft.run(rules.table(NAME, bridges, []))
    empty = listed(nft)
    nft.run(rules.table(NAME, bridges, published))
    whole = listed(nft)
    nft.run(rules.table(NAME, bridges, reversed(published)))
    assert sorted(listed(nft).splitlines()) == sorted(whole.splitlines())
    if published:
        nft.run(rules.remove_ports(NAME, published))
        assert listed(nft) == empty
        for one in published:
            nft.run(rules.add_ports(NAME, [one]))
        nft.run(rules.remove_ports(NAME, published))
        assert listed(nft) == empty


@given(BRIDGES, PUBLISHED)
def test_the_same_state_is_the_same_text(bridges: list[BridgeRules], published: list[Published]) -> None:
    assert rules.table(NAME, bridges, published) == rules.table(NAME, bridges, reversed(published))


def test_what_fails_changes_nothing(nft: Nftables) -> None:
    one, other = (Published("tcp", "", port, "10.1.0.2", 80) for port in (8080, 8081))
    nft.run(rules.table(NAME, [BridgeRules("br0", ("10.1.0.0/16",))], [one]))
    before = listed(nft)
    with pytest.raises(RulesRefused, match="nftables"):
        nft.run(rules.remove_ports(NAME, [one, other]))
    assert listed(nft) == before


def test_the_table_is_seen_without_the_library(nft: Nftables) -> None:
    nft.run(rules.table(NAME, [], []))
    with NetlinkSocket(NETLINK_NETFILTER) as sock:
        assert sock.get(nftables.table_by_name(NAME)) is not None
        nft.run(rules.remove_table(NAME))
        nft.run(rules.remove_table(NAME))
        assert sock.get(nftables.table_by_name(NAME)) is None


def test_a_resolver_that_comes_again_takes_the_first_ones_place(nft: Nftables) -> None:
    nft.run(rules.resolver("127.0.0.11", 4000, 4001))
    nft.run(rules.resolver("127.0.0.11", 5000, 5001))
    text = nft.run("list table ip boxship-dns\n")
    assert "5000" in text
    assert "4000" not in text
