"""What a container's resolver knows by itself: the names and addresses of its networks. Pure."""

from __future__ import annotations

import _socket
import os

from boxship.network.dns.message import (
    CLASS_IN,
    NOERROR,
    TYPE_A,
    TYPE_AAAA,
    TYPE_ANY,
    TYPE_PTR,
    Query,
    encode_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TTL = 5
"""Seconds: an address may soon be somebody else's. Docker says 600, and clients that believe it go astray."""

_ARPA4 = ".in-addr.arpa"
_ARPA6 = ".ip6.arpa"


class Network:
    """One network's names. names: name in lower case -> addresses; hosts: address -> its first name."""

    __slots__ = ("hosts", "name", "names")

    def __init__(self, name: str, entries: list[dict[str, Any]]) -> None:
        """entries: one for each container, {"names": […], "addresses": […]}; the first name is the container's own."""
        self.name = name.lower()
        self.names: dict[str, list[str]] = {}
        self.hosts: dict[str, str] = {}
        for entry in entries:
            for one in entry["names"]:
                known = self.names.setdefault(one.lower(), [])
                known += [address for address in entry["addresses"] if address not in known]
            for address in entry["addresses"]:
                self.hosts[address] = entry["names"][0]

    def addresses(self, name: str) -> list[str] | None:
        """The addresses of "name" or "name.network", another one first each time; None when it is not known."""
        found = self.names.get(name)
        if found is None and name.endswith(f".{self.name}"):
            found = self.names.get(name[: -len(self.name) - 1])
        if not found:
            return None
        # By chance: with a counter, whoever asks for both families each time would always get the same one.
        first = os.urandom(1)[0] % len(found)
        return found[first:] + found[:first]


def answer(
    networks: list[Network], query: Query, own: dict[str, str] | None = None
) -> tuple[int, list[tuple[int, int, bytes]]] | None:
    """(code, records) for what the networks know; None for what others have to be asked.

    own: names that this container alone has for others (links). A name that is known but has no address of the asked
    kind is there all the same: an empty answer, never "no such name".
    """
    if query.class_ != CLASS_IN:
        return None
    if query.type == TYPE_PTR or query.name.endswith((_ARPA4, _ARPA6)):
        return _reverse(networks, query)
    name = (own or {}).get(query.name, query.name)
    for network in networks:
        addresses = network.addresses(name)
        if addresses is None:
            continue
        records = []
        for address in addresses:
            six = ":" in address
            if query.type in (TYPE_AAAA if six else TYPE_A, TYPE_ANY):
                family = _socket.AF_INET6 if six else _socket.AF_INET
                records.append((TYPE_AAAA if six else TYPE_A, TTL, _socket.inet_pton(family, address)))
        return NOERROR, records
    return None


def _reverse(networks: list[Network], query: Query) -> tuple[int, list[tuple[int, int, bytes]]] | None:
    address = address_of(query.name)
    if not address:
        return None
    for network in networks:
        if (host := network.hosts.get(address)) is not None:
            if query.type not in (TYPE_PTR, TYPE_ANY):
                return NOERROR, []
            try:
                return NOERROR, [(TYPE_PTR, TTL, encode_name(f"{host}.{network.name}"))]
            except ValueError:
                return NOERROR, []
    return None


def address_of(name: str) -> str:
    """The address that a name of a reverse look-up stands for, "" when it is none."""
    try:
        if name.endswith(_ARPA4):
            # Strictly: four decimal numbers (inet_aton(3) would take others, too).
            raw = _socket.inet_pton(_socket.AF_INET, ".".join(reversed(name[: -len(_ARPA4)].split("."))))
            return _socket.inet_ntop(_socket.AF_INET, raw)
        digits = name[: -len(_ARPA6)].split(".") if name.endswith(_ARPA6) else []
        if len(digits) != 32 or any(len(digit) != 1 for digit in digits):
            return ""
        return _socket.inet_ntop(_socket.AF_INET6, bytes.fromhex("".join(reversed(digits))))
    except (OSError, ValueError):
        return ""
