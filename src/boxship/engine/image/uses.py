"""Which containers were made from an image."""

from boxship.engine.engine import Engine
from boxship.image.remove import InUse
from boxship.model.image import ContainerUse


def uses(engine: Engine) -> InUse:
    """A question that any thread may ask: it is answered by the containers that there are at that moment."""

    def of(image_id: str) -> list[ContainerUse]:
        made = [container for container in engine.containers if container.record.image_id == image_id]
        return [ContainerUse(container.id, container.active) for container in made]

    return of
