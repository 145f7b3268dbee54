"""Events of networks, with the attributes that Docker gives them."""

from boxship.engine.engine import Engine
from boxship.engine.network.register import Network


def publish(engine: Engine, network: Network, action: str, container_id: str = "") -> None:
    """Publish one event. container_id: whom a connect or disconnect is about."""
    about = {"container": container_id} if container_id else {}
    attributes = {**about, "name": network.name, "type": network.record.driver}
    engine.events.publish("network", action, network.id, attributes)
