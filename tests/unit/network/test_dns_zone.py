"""What a resolver knows by itself."""

from __future__ import annotations

import ipaddress
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.network.dns import message, zone
from tests.unit.network.test_dns_message import query

WEB = {"names": ["web", "0123456789ab", "Shop"], "addresses": ["10.1.0.2", "fd00::2"]}
FOUR = {"names": ["four"], "addresses": ["10.1.0.3"]}
SIX = {"names": ["six"], "addresses": ["fd00::4"]}
NET = zone.Network("Net.work", [WEB, FOUR, SIX])
A, AAAA, PTR, ANY, MX = 1, 28, 12, 255, 15


def ask(name: str, type_: int = A, class_: int = 1, own: dict[str, str] | None = None) -> object:
    asked = message.parse_query(query([label.encode("latin-1") for label in name.split(".") if label], type_, class_))
    return zone.answer([NET], asked, own)


def four(address: str) -> tuple[int, int, bytes]:
    return (A, zone.TTL, socket.inet_pton(socket.AF_INET, address))


def six(address: str) -> tuple[int, int, bytes]:
    return (AAAA, zone.TTL, socket.inet_pton(socket.AF_INET6, address))


@pytest.mark.parametrize("name", ["web", "WEB", "Web.net.WORK", "shop", "SHOP.net.work", "0123456789ab"])
def test_names_in_any_case(name: str) -> None:
    assert ask(name) == (0, [four("10.1.0.2")])
    assert ask(name, AAAA) == (0, [six("fd00::2")])
    found = zone.answer([NET], message.parse_query(query([part.encode() for part in name.split(".")], ANY)))
    assert found is not None
    assert sorted(found[1]) == [four("10.1.0.2"), six("fd00::2")]


@pytest.mark.parametrize(
    ("name", "type_"), [("four", AAAA), ("six", A), ("web", MX), ("web", 65), ("four.net.work", MX)]
)
def test_a_name_without_such_an_address_is_there_all_the_same(name: str, type_: int) -> None:
    assert ask(name, type_) == (0, [])


@pytest.mark.parametrize("name", ["webb", "web.other", "web.work", "net.work", "x.web", "", "web.net.work.net.work"])
def test_others_are_asked_for_what_is_not_known(name: str) -> None:
    assert ask(name) is None


def test_other_classes_are_for_others() -> None:
    assert ask("web", class_=3) is None
    assert ask("web", class_=255) is None


def test_links_lead_to_their_container() -> None:
    assert ask("db", own={"db": "four"}) == (0, [four("10.1.0.3")])
    assert ask("db") is None


def test_a_dot_within_a_label_is_no_border() -> None:
    asked = message.parse_query(query([b"web.net", b"work"]))
    assert zone.answer([NET], asked) is None


def test_several_addresses_take_turns() -> None:
    many = zone.Network("net", [{"names": [f"c{n}", "all"], "addresses": [f"10.1.0.{n}"]} for n in range(1, 6)])
    asked = message.parse_query(query([b"all"]))
    firsts = set()
    for _ in range(300):
        found = zone.answer([many], asked)
        assert found is not None
        assert sorted(found[1]) == [four(f"10.1.0.{n}") for n in range(1, 6)]
        firsts.add(found[1][0])
    assert len(firsts) == 5


def reverse(address: str) -> str:
    return ipaddress.ip_address(address).reverse_pointer


@pytest.mark.parametrize(("address", "host"), [("10.1.0.2", "web"), ("fd00::2", "web"), ("fd00::4", "six")])
def test_addresses_lead_to_names(address: str, host: str) -> None:
    for name in (reverse(address), reverse(address).upper()):
        assert ask(name, PTR) == (0, [(PTR, zone.TTL, message.encode_name(f"{host}.net.work"))])
    assert ask(reverse(address), A) == (0, []), "known, but of another kind"


@pytest.mark.parametrize(
    "name",
    [
        reverse("10.1.0.9"),
        reverse("fd00::9"),
        "02.0.1.10.in-addr.arpa",
        "0x2.0.1.10.in-addr.arpa",
        "2 x.0.1.10.in-addr.arpa",
        "2.1.10.in-addr.arpa",
        "in-addr.arpa",
        "ip6.arpa",
        reverse("fd00::2").replace("2.0", "20", 1),
        reverse("fd00::2").replace("ip6.arpa", "ip6.arpb"),
        "web",
    ],
)
def test_what_is_no_known_address(name: str) -> None:
    found = ask(name, PTR)
    assert found is None or (name == "web" and found == (0, []))


@given(st.ip_addresses())
def test_every_address_is_read_back(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    found = zone.address_of(address.reverse_pointer)
    assert ipaddress.ip_address(found) == address


@given(st.text(st.characters(max_codepoint=255), max_size=40), st.sampled_from([".in-addr.arpa", ".ip6.arpa", ""]))
def test_any_text_is_an_address_or_none(text: str, end: str) -> None:
    found = zone.address_of(text + end)
    if found:
        assert ipaddress.ip_address(found).reverse_pointer.lower() == (text + end).lower()


def test_names_too_long_for_dns_are_no_fault() -> None:
    long = zone.Network(".".join(["n" * 60] * 5), [WEB])
    asked = message.parse_query(query([label.encode() for label in reverse("10.1.0.2").split(".")], PTR))
    assert zone.answer([long], asked) == (0, [])


@given(
    st.lists(st.sampled_from(["web", "four", "six", "net", "work", "shop", "x"]), max_size=4),
    st.sampled_from([A, AAAA, PTR, ANY, MX, 0, 65535]),
)
def test_whatever_is_asked_is_never_denied(labels: list[str], type_: int) -> None:
    """The resolver itself never says that a name does not exist: it knows, or others are asked."""
    asked = message.parse_query(query([label.encode() for label in labels], type_))
    found = zone.answer([NET], asked)
    if found is not None:
        code, records = found
        assert code == message.NOERROR
        assert all(one[0] == type_ or type_ == ANY for one in records)
        assert struct.unpack_from("!H", message.reply(asked, code, records))[0] == 7
