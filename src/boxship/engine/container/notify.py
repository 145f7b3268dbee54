"""Events of containers, with the attributes that Docker gives them."""

from boxship.engine.container.register import Container
from boxship.engine.engine import Engine


def publish(engine: Engine, container: Container, action: str, **extra: str) -> None:
    """Publish one event: the labels, the image, the name, and what the action adds."""
    config = container.record.config
    attributes = {**(config.labels or {}), **extra, "image": config.image, "name": container.name}
    engine.events.publish("container", action, container.id, attributes)
