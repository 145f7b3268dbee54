"""Networks, and what containers have in them."""

import msgspec


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of one family. subnet, ip_range: "address/bits"; gateway: "" for none yet.

    ip_range: where containers' addresses come from, "" for the whole subnet. aux: name -> address that no container
    gets.
    """

    subnet: str
    ip_range: str = ""
    gateway: str = ""
    aux: dict[str, str] = {}

    @property
    def version(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.subnet else 4


class NetworkRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the state database holds of one network, one JSON document.

    id: 64 hexadecimal digits. pools: of both families. device: the bridge on the host, or the parent of a macvlan;
    "" for none. ipam_options: None where nothing was said. configured: somebody named its subnets.
    """

    id: str
    name: str
    created_ns: int
    driver: str
    pools: list[Pool] = []
    enable_ipv4: bool = True
    enable_ipv6: bool = False
    internal: bool = False
    attachable: bool = False
    ingress: bool = False
    config_only: bool = False
    config_from: str = ""
    options: dict[str, str] = {}
    labels: dict[str, str] = {}
    ipam_driver: str = "default"
    ipam_options: dict[str, str] | None = None
    device: str = ""
    configured: bool = False

    @property
    def predefined(self) -> bool:
        """Whether every engine has it."""
        return self.name in PREDEFINED


PREDEFINED = ("bridge", "host", "none")


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """That a container belongs to a network, as it was asked for: kept while it is stopped, too.

    network: the network's name. ipv4, ipv6: addresses that must be given, "" for any; asked: anything was said about
    them. aliases: further names of it there; links: "container:alias". mac: "" for one of
    ours. priority: which network's gateway is the default one, the highest. late: it came after
    the container's last start.
    """

    network: str
    network_id: str = ""
    ipv4: str = ""
    ipv6: str = ""
    link_local: list[str] = []
    asked: bool = False
    aliases: list[str] | None = None
    links: list[str] | None = None
    mac: str = ""
    driver_opts: dict[str, str] | None = None
    priority: int = 0
    late: bool = False


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A running container's place in a network. prefixes in bits; "" and 0 for what it has not.

    device, interface: the host's end and the container's. resolver: names of the network can be asked for.
    """

    id: str
    network_id: str
    mac: str = ""
    ipv4: str = ""
    prefix4: int = 0
    gateway4: str = ""
    ipv6: str = ""
    prefix6: int = 0
    gateway6: str = ""
    device: str = ""
    interface: str = ""
    resolver: bool = False
