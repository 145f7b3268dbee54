"""Events of images, with the attributes that Docker gives them."""

from boxship.engine.engine import Engine
from boxship.model.image import ImageRecord


def publish(engine: Engine, image: ImageRecord, action: str, name: str = "") -> None:
    """Publish one event: the image's labels, and the name it is about (its id for none)."""
    attributes = {**(image.config.labels or {}), "name": name or image.id}
    engine.events.publish("image", action, image.id, attributes)


def publish_name(engine: Engine, action: str, reference: str, name: str, image: ImageRecord | None) -> None:
    """Publish what happened between a name and a registry: the event is about the reference, as Docker's are."""
    labels = (image.config.labels or {}) if image is not None else {}
    engine.events.publish("image", action, reference, {**labels, "name": name})
