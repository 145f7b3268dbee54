"""docker push: images to a registry."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from boxship.engine.engine import Engine
from boxship.engine.image.notify import publish_name
from boxship.engine.image.platform import check_platform
from boxship.engine.image.telling import Message, Telling
from boxship.image.pull.steps import Step
from boxship.lib.bridge import remote
from boxship.lib.errors import InvalidParameter, NotFound
from boxship.lib.ids import short_id
from boxship.model.image import ImageRecord
from boxship.model.platform import Platform
from boxship.model.reference import Reference, parse
from boxship.registry.credentials import Credentials

if TYPE_CHECKING:
    from boxship.registry.client import Registry


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be pushed: one tag of a repository, or all where `reference` has none."""

    reference: Reference


def order(engine: Engine, name: str, tag: str, platform: Platform | None) -> Order:
    """Look at a request. tag: "" for what `name` says, or all. InvalidParameter; NotFound for another platform."""
    reference = parse(name)
    if tag:
        reference = replace(reference, digest="").with_tag(tag)
    if platform is not None and reference.tag:
        image = engine.images.catalog.named(reference)
        if image is not None:
            check_platform(image, reference.familiar, platform)
    return Order(reference)


async def push(engine: Engine, order: Order, credentials: Credentials) -> AsyncIterator[Message]:
    """Send it; the messages of `POST /images/{name}/push`, as they come. BoxshipError; whoever stops listening stops
    the push.
    """
    telling = Telling()
    work = _Work(engine, order.reference, credentials, telling)

    async def run() -> None:
        try:
            await remote(work.run)
        except BaseException as error:
            telling.end(error)
            if not isinstance(error, Exception):
                raise
            return
        # Docker's event of a push of all tags names no image, and so has no labels.
        image = engine.images.catalog.named(order.reference) if order.reference.tag else None
        publish_name(engine, "push", order.reference.familiar, order.reference.familiar_name, image)
        telling.end()

    engine.linger(run())
    try:
        yield {"status": f"The push refers to repository [{order.reference.name}]"}
        async for message in telling.listen():
            yield message
    finally:
        work.stop()


class _Work:
    """One push. `run` is for a thread, `stop` for any."""

    def __init__(self, engine: Engine, reference: Reference, credentials: Credentials, telling: Telling) -> None:
        self._engine = engine
        self._reference = reference
        self._credentials = credentials
        self._telling = telling
        self._stopped = False
        self._registry: Registry | None = None

    def stop(self) -> None:
        """End what is under way."""
        self._stopped = True
        if self._registry is not None:
            self._registry.abort()

    def run(self) -> None:
        """One tag after the other."""
        from boxship.registry.errors import RegistryError

        images = self._images()
        try:
            self._send(images)
        except RegistryError as error:
            # Without the request, as Docker says it of a push.
            error.message = error.bare
            raise

    def _send(self, images: list[tuple[Reference, ImageRecord]]) -> None:
        from boxship.image.push import push
        from boxship.registry.client import Registry

        config = self._engine.config.registry
        with Registry(self._reference.domain, config, self._credentials, notice=self._notice) as registry:
            self._registry = registry
            if self._stopped:
                return
            repository = registry.repository(self._reference.path)
            repository.reach()
            for target, image in self._wanted(images):
                pushed = push(
                    self._engine.images,
                    image,
                    target,
                    repository,
                    self._report,
                    uploads=self._engine.config.uploads,
                )
                by_digest = replace(target, tag="", digest=pushed.digest)
                self._engine.images.catalog.add(image, [by_digest])
                self._telling.say(Step(f"{pushed.tag}: digest: {pushed.digest} size: {pushed.size}"))
                aux = {"Tag": pushed.tag, "Digest": pushed.digest, "Size": pushed.size}
                self._telling.say({"progressDetail": {}, "aux": aux})

    def _images(self) -> list[tuple[Reference, ImageRecord]]:
        """All tags of the repository. NotFound when there is none: then nobody needs to be asked."""
        found = self._engine.images.catalog.tags_of(self._reference)
        if not found:
            raise NotFound(f"An image does not exist locally with the tag: {self._reference.familiar_name}")
        return found

    def _wanted(self, images: list[tuple[Reference, ImageRecord]]) -> list[tuple[Reference, ImageRecord]]:
        if self._reference.digest:
            raise InvalidParameter("cannot push a digest reference")
        if not self._reference.tag:
            return images
        found = [(name, image) for name, image in images if name.tag == self._reference.tag]
        if not found:
            raise NotFound(f"tag does not exist: {self._reference.familiar}")
        return found

    def _report(self, diff_id: str, status: str, done: int, total: int) -> None:
        self._telling.say(Step(status, short_id(diff_id), True, done, total))

    def _notice(self, text: str) -> None:
        self._telling.say(Step(text))
