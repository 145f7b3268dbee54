"""An image that must be for one platform."""

from boxship.engine.engine import Engine
from boxship.lib.errors import NotFound
from boxship.model.image import ImageRecord
from boxship.model.platform import Platform
from boxship.model.platform_choice import runs_on


def on_platform(engine: Engine, name: str, asked: Platform | None) -> ImageRecord:
    """The image that `name` means. NotFound when there is none, or when it is for another platform than `asked`."""
    image = engine.images.resolve(name)
    check_platform(image, name, asked)
    return image


def check_platform(image: ImageRecord, name: str, asked: Platform | None) -> None:
    """NotFound when an image, found as `name`, is for another platform; None asks for none."""
    if asked is not None and not runs_on(platform_of(image), asked):
        raise NotFound(
            f"image with reference {name} was found but its platform ({platform_of(image)}) does not match the "
            f"specified platform ({asked})"
        )


def platform_of(image: ImageRecord) -> Platform:
    """The platform that an image's config names."""
    return Platform(image.os, image.architecture, image.variant)
