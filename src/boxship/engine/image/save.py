"""docker save: images as one archive."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from boxship.engine.engine import Engine
from boxship.engine.image.notify import publish
from boxship.engine.image.platform import platform_of
from boxship.image.save import Choice, Part
from boxship.image.save import save as plan
from boxship.lib.bridge import quick
from boxship.lib.errors import BoxshipError, InvalidParameter, NotFound
from boxship.model import digest as digests
from boxship.model import reference as references
from boxship.model.platform import Platform
from boxship.model.platform_choice import runs_on


@asynccontextmanager
async def save(engine: Engine, names: list[str], *, platform: Platform | None) -> AsyncIterator[list[Part]]:
    """The archive's parts, which stay readable as long as the context lasts.

    names: of each, what it leads to: a tag, all tags of a repository, or an id, which is saved without a name.
    NotFound; BoxshipError for what is no name, and for a platform that an image is not for.
    """
    choices = _choose(engine, names)
    for choice in choices:
        if platform is not None and not runs_on(platform_of(choice.image), platform):
            raise BoxshipError(f"no suitable export target found for platform {platform}")
    with ExitStack() as held:
        for choice in choices:
            held.enter_context(engine.images.hold(choice.image.id))
        parts = await quick(plan, engine.images, choices)
        for choice in choices:
            publish(engine, choice.image, "save")
        yield parts


def _choose(engine: Engine, names: list[str]) -> list[Choice]:
    chosen: dict[str, Choice] = {}
    for name in names:
        for found in _find(engine, name):
            choice = chosen.setdefault(found.image.id, Choice(found.image))
            choice.names += [name for name in found.names if name not in choice.names]
    return list(chosen.values())


def _find(engine: Engine, name: str) -> list[Choice]:
    if references.is_identifier(name) or digests.is_digest(name):
        return [Choice(engine.images.resolve(name))]
    try:
        reference = references.parse(name)
    except InvalidParameter as error:
        raise BoxshipError(error.message) from None  # Docker answers 500
    catalog = engine.images.catalog
    if reference.tag or reference.digest:
        image = catalog.named(reference)
        if image is None:
            raise NotFound("reference does not exist")
        return [Choice(image, [] if reference.digest else [reference])]
    tagged = catalog.tags_of(reference)
    if tagged:
        return [Choice(image, [name]) for name, image in tagged]
    found = catalog.starting_with(name)
    if len(found) != 1:
        raise NotFound(f"No such image: {name}")
    return [Choice(found[0])]
