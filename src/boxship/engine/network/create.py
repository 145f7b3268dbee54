"""docker network create."""

import ipaddress

from boxship.engine.engine import Engine
from boxship.engine.network.making import ensure
from boxship.engine.network.notify import publish
from boxship.engine.network.register import Network
from boxship.engine.network.request import NetworkRequest, record_of
from boxship.lib.errors import Conflict


async def create(engine: Engine, request: NetworkRequest) -> str:
    """Make a network and its bridge; its id. Conflict when the name is taken; others in Docker's words.

    When the bridge can't be made, the network is not there.
    """
    taken = [ipaddress.ip_network(pool.subnet) for one in engine.networks for pool in one.record.pools]
    network = Network(record_of(request, taken))
    if engine.networks.named(request.name) is not None:
        raise Conflict(f"network with name {request.name} already exists")
    await engine.whole(_make(engine, network))
    publish(engine, network, "create")
    return network.id


async def _make(engine: Engine, network: Network) -> None:
    await engine.networks.add(network)
    if network.record.config_only:
        return
    try:
        await ensure(engine, network)
    except BaseException:
        await engine.networks.forget(network)
        raise
