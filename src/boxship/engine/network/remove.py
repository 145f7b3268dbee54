"""docker network rm."""

from boxship.engine.engine import Engine
from boxship.engine.network.making import apply_rules, own_name
from boxship.engine.network.notify import publish
from boxship.engine.network.register import Network
from boxship.lib.bridge import quick
from boxship.lib.errors import Forbidden


async def remove(engine: Engine, ref: str) -> None:
    """Remove a network. Forbidden for a predefined one, and while a running container is in it; NotFound."""
    network = engine.networks.get(ref)
    if network.record.predefined:
        raise Forbidden(f"{network.name} is a pre-defined network and cannot be removed")
    await engine.whole(_remove(engine, network))
    publish(engine, network, "destroy")


async def _remove(engine: Engine, network: Network) -> None:
    async with network.lock:
        if network.endpoints:
            places = " ".join(
                f'name:"{engine.containers.get(container_id).name}" id:"{endpoint.id[:12]}"'
                for container_id, endpoint in network.endpoints.items()
            )
            raise Forbidden(f"error while removing network: network {network.name} has active endpoints ({places})")
        network.removing = True
        try:
            if network.record.driver == "bridge" and not network.record.config_only:
                record = network.record
                await quick(engine.networks.host.remove_bridge, record.device, own=own_name(record))
            await engine.networks.forget(network)
        finally:
            network.removing = False
            network.ready = False
    await apply_rules(engine)
