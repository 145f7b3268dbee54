"""The one table of packet rules of an engine, as nft(8) reads it. Pure: state in, text out.

What a packet meets:

- *ports*: what goes to an address of this machine and a published port is sent on to the container. The exact address
  comes before any address.
- *forward*: what is neither from nor to a bridge of ours passes untouched. To a container comes only what belongs to a
  known connection, is from its own network, or was sent on by *ports*: so networks are apart, and a neighbour that
  routes straight to a container reaches nothing that is not published.
- *postrouting*: what leaves a network takes the machine's address, so do the machine's own 127.0.0.1 and a container
  that reaches a neighbour by a published port; other sources are kept.
- *raw*: with route_localnet on the bridges, nobody outside may send to 127.0.0.0/8.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BridgeRules:
    """A bridge as the rules know it. subnets: "address/bits" of both families."""

    device: str
    subnets: tuple[str, ...]
    internal: bool = False
    icc: bool = True
    masquerade: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Published:
    """A port of the machine that leads to one of a container. protocol: tcp, udp or sctp.

    host_ip: an address of the machine, "" for every one of the target's family.
    """

    protocol: str
    host_ip: str
    host_port: int
    address: str
    port: int

    @property
    def version(self) -> int:
        return 6 if ":" in self.address else 4

    @property
    def map(self) -> str:
        """The map that it stands in."""
        return f"{self.protocol}{self.version}{'_at' if self.host_ip else ''}"

    @property
    def key(self) -> str:
        return f"{self.host_ip} . {self.host_port}" if self.host_ip else str(self.host_port)

    @property
    def element(self) -> str:
        return f"{self.key} : {self.address} . {self.port}"


PROTOCOLS = ("tcp", "udp", "sctp")


def table_name(instance: str) -> str:
    """The table of an engine."""
    return f"boxship-{instance}"


def table(name: str, bridges: Sequence[BridgeRules], published: Iterable[Published]) -> str:
    """The whole table, in place of the one that is there."""
    ports = list(published)
    lines = [f"table inet {name}", f"delete table inet {name}", f"table inet {name} {{"]
    lines += _set("bridges", [one.device for one in bridges])
    lines += _set("internal", [one.device for one in bridges if one.internal])
    lines += _set("separate", [one.device for one in bridges if not one.icc])
    for protocol in PROTOCOLS:
        for version in (4, 6):
            lines += _map(f"{protocol}{version}", version, False, ports)
            lines += _map(f"{protocol}{version}_at", version, True, ports)
    lines += _chain("ports", "", _port_rules())
    to_ports = ["fib daddr type local jump ports"]
    lines += _chain("prerouting", "type nat hook prerouting priority dstnat; policy accept;", to_ports)
    lines += _chain("output", "type nat hook output priority -100; policy accept;", to_ports)
    lines += _chain("postrouting", "type nat hook postrouting priority srcnat; policy accept;", _sources(bridges))
    lines += _chain("raw", "type filter hook prerouting priority raw; policy accept;", _RAW)
    lines += _chain("forward", "type filter hook forward priority filter; policy accept;", _forward(bridges))
    return "\n".join([*lines, "}", ""])


def add_ports(name: str, published: Iterable[Published]) -> str:
    """Let more ports lead to containers."""
    return "".join(f"add element inet {name} {one.map} {{ {one.element} }}\n" for one in published)


def remove_ports(name: str, published: Iterable[Published]) -> str:
    """Let ports lead nowhere any more."""
    return "".join(f"delete element inet {name} {one.map} {{ {one.key} }}\n" for one in published)


def resolver(address: str, udp: int, tcp: int) -> str:
    """A container's own table: its resolver's port 53 leads to the sockets that are there."""
    return (
        # Anew: rules of a resolver that was killed would come first.
        "table ip boxship-dns\ndelete table ip boxship-dns\ntable ip boxship-dns {\n"
        "  chain output {\n"
        "    type nat hook output priority -100; policy accept;\n"
        f"    ip daddr {address} udp dport 53 dnat to {address}:{udp}\n"
        f"    ip daddr {address} tcp dport 53 dnat to {address}:{tcp}\n"
        "  }\n"
        "}\n"
    )


def remove_table(name: str) -> str:
    """Take the table away, whether or not it is there."""
    return f"table inet {name}\ndelete table inet {name}\n"


_RAW = ['iifname != "lo" ip daddr 127.0.0.0/8 drop']


def _port_rules() -> list[str]:
    rules = []
    for version, family in ((4, "ip"), (6, "ip6")):
        for protocol in PROTOCOLS:
            match = f"meta nfproto ipv{version} meta l4proto {protocol} dnat {family} to"
            rules.append(f"{match} {family} daddr . {protocol} dport map @{protocol}{version}_at")
            rules.append(f"{match} {protocol} dport map @{protocol}{version}")
    return rules


def _sources(bridges: Sequence[BridgeRules]) -> list[str]:
    rules = ["oifname @bridges ip saddr 127.0.0.0/8 masquerade"]
    for bridge in bridges:
        for subnet in bridge.subnets:
            source = f"{'ip6' if ':' in subnet else 'ip'} saddr {subnet}"
            rules.append(f'{source} oifname "{bridge.device}" ct status dnat masquerade')
            if bridge.masquerade and not bridge.internal:
                rules.append(f'{source} oifname != "{bridge.device}" masquerade')
    return rules


def _forward(bridges: Sequence[BridgeRules]) -> list[str]:
    rules = [
        "iifname != @bridges oifname != @bridges accept",
        "ct state established,related accept",
        "iifname @separate oifname @separate ct status dnat accept",
    ]
    # A rule for each: no expression compares two names of devices.
    rules += [
        f'iifname "{bridge.device}" oifname "{bridge.device}" {"accept" if bridge.icc else "drop"}'
        for bridge in bridges
    ]
    return [
        *rules,
        "iifname @internal drop",
        "oifname @internal drop",
        "oifname @bridges ct status dnat accept",
        "oifname @bridges drop",
    ]


def _set(name: str, elements: Sequence[str]) -> list[str]:
    quoted = ", ".join(f'"{element}"' for element in elements)
    return [f"  set {name} {{", "    type ifname", *([f"    elements = {{ {quoted} }}"] if quoted else []), "  }"]


def _map(name: str, version: int, exact: bool, ports: Sequence[Published]) -> list[str]:
    address = f"ipv{version}_addr"
    key = f"{address} . inet_service" if exact else "inet_service"
    elements = ", ".join(one.element for one in sorted(ports) if one.map == name)
    lines = [f"  map {name} {{", f"    type {key} : {address} . inet_service"]
    return [*lines, *([f"    elements = {{ {elements} }}"] if elements else []), "  }"]


def _chain(name: str, head: str, rules: Sequence[str]) -> list[str]:
    return [f"  chain {name} {{", *([f"    {head}"] if head else []), *(f"    {rule}" for rule in rules), "  }"]
