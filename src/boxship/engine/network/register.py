"""The networks of one daemon in memory, and who has which address."""

import asyncio
from collections.abc import Iterator

from boxship.engine.network.store import NetworkStore
from boxship.lib.bridge import quick
from boxship.lib.clock import now_ns
from boxship.lib.errors import InvalidParameter, NotFound
from boxship.lib.ids import new_id
from boxship.model.network import Endpoint, NetworkRecord
from boxship.network.dns.process import DnsProcess
from boxship.network.host import HostNetwork

_DRIVERS = {"bridge": "bridge", "host": "host", "none": "null"}
_DEFAULT_BRIDGE = "com.docker.network.bridge.default_bridge"


class Network:
    """One network. lock orders its making and its removal. taken: addresses that containers have.

    ready: its bridge is there, as far as this process knows. endpoints: by container's id.
    """

    def __init__(self, record: NetworkRecord) -> None:
        self.record = record
        self.lock = asyncio.Lock()
        self.taken: set[str] = set()
        self.endpoints: dict[str, Endpoint] = {}
        self.ready = False
        self.removing = False

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def name(self) -> str:
        return self.record.name

    def hold(self, container_id: str, endpoint: Endpoint) -> None:
        """Note whom an endpoint belongs to."""
        self.endpoints[container_id] = endpoint
        self.taken |= {one for one in (endpoint.ipv4, endpoint.ipv6) if one}

    def let_go(self, container_id: str) -> None:
        """Give an endpoint's addresses back."""
        endpoint = self.endpoints.pop(container_id, None)
        if endpoint is not None:
            self.taken -= {endpoint.ipv4, endpoint.ipv6}


class Networks:
    """The register. Belongs to the event loop; only `save` and `forget` wait.

    rules_ready: the table of packet rules is there, as far as this process knows; rules_lock orders its changes;
    rules_missing: why there can be none. names_lock: the dns process is told everything by one at a time.
    """

    def __init__(self, store: NetworkStore, host: HostNetwork, dns: DnsProcess) -> None:
        self.host = host
        self.dns = dns
        self._store = store
        self._by_id: dict[str, Network] = {}
        self.rules_ready = False
        self.rules_missing = ""
        self.rules_lock = asyncio.Lock()
        self.names_lock = asyncio.Lock()

    def load(self, instance: str) -> None:
        """Read all records, and make those that every engine has (blocks; once, at boot)."""
        for record in self._store.load():
            self._by_id[record.id] = Network(record)
        names = {network.name for network in self}
        for name, driver in _DRIVERS.items():
            if name not in names:
                record = predefined(name, driver, instance)
                self._store.save(record)
                self._by_id[record.id] = Network(record)

    def __iter__(self) -> Iterator[Network]:
        """Safe against changes while iterating."""
        return iter(tuple(self._by_id.values()))

    def get(self, ref: str) -> Network:
        """By full id, by name, then by a beginning of an id that only one has.

        NotFound "network x not found"; InvalidParameter when several fit.
        """
        if (found := self._by_id.get(ref)) is not None:
            return found
        for fits in (
            [one for one in self if one.name == ref],
            [one for one in self if ref and one.id.startswith(ref)],
        ):
            if len(fits) == 1:
                return fits[0]
            if fits:
                raise InvalidParameter(
                    f"network {ref} is ambiguous ({len(fits)} matches found based on {_what(ref, fits)})"
                )
        raise NotFound(f"network {ref} not found")

    def named(self, name: str) -> Network | None:
        """The network with exactly this name."""
        return next((one for one in self if one.name == name), None)

    def by_id(self, network_id: str) -> Network | None:
        """The network with this whole id."""
        return self._by_id.get(network_id)

    async def add(self, network: Network) -> None:
        """Make a network known, durably."""
        self._by_id[network.id] = network
        try:
            await quick(self._store.save, network.record)
        except BaseException:
            self._by_id.pop(network.id, None)
            raise

    async def save(self, network: Network) -> None:
        """Make the network's present record durable."""
        await quick(self._store.save, network.record)

    async def forget(self, network: Network) -> None:
        """Remove a network from the register, durably."""
        await quick(self._store.delete, network.id)
        self._by_id.pop(network.id, None)


def predefined(name: str, driver: str, instance: str) -> NetworkRecord:
    """A network that every engine has. The bridge gets its subnet when it is first used."""
    options = {}
    device = ""
    if driver == "bridge":
        device = f"bx{instance}"
        prefix = "com.docker.network.bridge"
        options = {
            _DEFAULT_BRIDGE: "true",
            f"{prefix}.enable_icc": "true",
            f"{prefix}.enable_ip_masquerade": "true",
            f"{prefix}.host_binding_ipv4": "0.0.0.0",
            f"{prefix}.name": device,
            "com.docker.network.driver.mtu": "1500",
        }
    return NetworkRecord(id=new_id(), name=name, created_ns=now_ns(), driver=driver, options=options, device=device)


def _what(ref: str, fits: list[Network]) -> str:
    return "name" if fits[0].name == ref else "ID prefix"
