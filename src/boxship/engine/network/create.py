"""docker network create."""

import ipaddress

from boxship.engine.engine import Engine
from boxship.engine.network.making import ensure, own_name
from boxship.engine.network.notify import publish
from boxship.engine.network.register import Network
from boxship.engine.network.request import NetworkRequest, record_of
from boxship.lib.bridge import quick
from boxship.lib.errors import Conflict


async def create(engine: Engine, request: NetworkRequest) -> str:
    """Make a network and its bridge; its id. Conflict when the name is taken; others in Docker's words.

    When the bridge can't be made, the network is not there.
    """
    network = await engine.whole(_make(engine, request))
    publish(engine, network, "create")
    return network.id


async def _make(engine: Engine, request: NetworkRequest) -> Network:
    # No await between the look at the others and the note: two clients may want the same.
    taken = [ipaddress.ip_network(pool.subnet) for one in engine.networks for pool in one.record.pools]
    network = Network(record_of(request, taken))
    if engine.networks.named(request.name) is not None:
        raise Conflict(f"network with name {request.name} already exists")
    await engine.networks.add(network)
    if network.record.config_only:
        return network
    try:
        await ensure(engine, network)
    except BaseException:
        network.ready = False
        await engine.networks.forget(network)
        await quick(engine.networks.host.remove_bridge, network.record.device, own=own_name(network.record))
        raise
    return network
