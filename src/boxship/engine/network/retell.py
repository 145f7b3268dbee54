"""Names that have changed while a container runs."""

from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.engine.network.names import has_names, network_message, tell_names
from boxship.lib.bridge import quick


async def retell(engine: Engine, container: Container) -> None:
    """Tell the dns process the names of all networks that a container is in."""
    networks = [engine.networks.by_id(endpoint.network_id) for endpoint in container.state.endpoints]
    messages = [network_message(engine, one) for one in networks if one is not None and has_names(one)]
    if messages:
        await quick(tell_names, engine, messages)
