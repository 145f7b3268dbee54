"""docker pull: an image from its registry, or all tags of a repository."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from boxship.engine.engine import Engine
from boxship.engine.image.notify import publish_name
from boxship.engine.image.telling import Message, Telling
from boxship.image.pull.steps import Step
from boxship.lib.bridge import remote
from boxship.lib.errors import Forbidden
from boxship.model import digest as digests
from boxship.model.image import ImageRecord
from boxship.model.platform import Platform
from boxship.model.platform_choice import runs_on
from boxship.model.reference import Reference, parse
from boxship.registry.credentials import Credentials

if TYPE_CHECKING:
    from boxship.image.pull.session import Session


QUIET = 5.0
"""Seconds that a pull may try again without a word before its first message."""


def target(name: str, tag: str) -> Reference:
    """What `fromImage` and `tag` mean together; without tag and digest it is the whole repository.

    tag: may be a digest. InvalidParameter with Docker's wording; Forbidden for the name that no image has.
    """
    reference = parse(name)
    if tag and digests.is_digest(tag):
        reference = Reference(reference.domain, reference.path, "", tag)
    elif tag:
        reference = reference.with_tag(tag)
    if reference.familiar_name == "scratch":
        raise Forbidden("'scratch' is a reserved name")
    return reference


async def pull(
    engine: Engine, reference: Reference, *, platform: Platform | None, credentials: Credentials
) -> AsyncIterator[Message]:
    """Bring an image; the messages of `POST /images/create`, as they come.

    reference: with tag or digest, or without both for all tags. platform: None for this machine's.
    Errors before the first message are those of the request: NotFound, Unauthorized, Unavailable, RegistryError;
    later ones come within the answer. When the iterator is closed, the pull ends, but for layers that others want.
    """
    telling = Telling()
    work = _Work(engine, reference, platform, credentials, telling)

    async def run() -> None:
        try:
            image = await remote(work.run)
        except BaseException as error:
            telling.end(error)
            if not isinstance(error, Exception):
                raise
            return
        publish_name(engine, "pull", reference.familiar, reference.familiar_name, image)
        telling.end()

    engine.linger(run())
    try:
        async for message in telling.listen():
            yield message
    finally:
        work.abort()


class _Work:
    """One pull, of one image or of many. `run` is for a thread, `abort` for any."""

    def __init__(
        self,
        engine: Engine,
        reference: Reference,
        platform: Platform | None,
        credentials: Credentials,
        telling: Telling,
    ) -> None:
        self._store = engine.images
        self._config = engine.config
        self._reference = reference
        self._platform = platform
        self._credentials = credentials
        self._report = telling.say
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._begun = False
        self._started = time.monotonic()
        self._aborted = False

    def abort(self) -> None:
        """The client has gone, or the pull is over."""
        with self._lock:
            self._aborted = True
            session = self._session
        if session is not None:
            session.abort()

    def run(self) -> ImageRecord | None:
        """The image, None when it was a whole repository."""
        # The registry client takes 10 MB: who never pulls, as in tests and on build servers, does not pay for it.
        from boxship.image.pull.session import Session
        from boxship.registry.client import Registry

        registry = Registry(
            self._reference.domain,
            self._config.registry,
            self._credentials,
            notice=self._notice,
        )
        with Session(registry, self._tell, self._config.downloads) as session:
            with self._lock:
                self._session = session
                aborted = self._aborted
            if aborted:
                session.abort()
            return self._all(session)

    def _tell(self, step: Step) -> None:
        self._begun = True
        self._report(step)

    def _notice(self, text: str) -> None:
        """The registry client tries something again. What then fails at once is better told by the request's status,
        and that goes only as long as nothing else was told.
        """
        if self._begun or time.monotonic() - self._started > QUIET:
            self._tell(Step(text))

    def _all(self, session: Session) -> ImageRecord | None:
        from boxship.image.pull.pull import pull, tags

        reference, whole = self._reference, not (self._reference.tag or self._reference.digest)
        image, newer = None, False
        for tag in tags(session, reference) if whole else [reference.tag]:
            one = reference.with_tag(tag) if whole else reference
            pulled = pull(self._store, session, one, self._platform)
            image, newer = pulled.image, newer or pulled.newer
        state = "Downloaded newer image" if newer else "Image is up to date"
        self._tell(Step(f"Status: {state} for {reference.familiar}"))
        if image is not None and not whole:
            self._warn(image)
        return None if whole else image

    def _warn(self, image: ImageRecord) -> None:
        own = Platform(image.os, image.architecture, image.variant)
        if self._platform is not None and not runs_on(own, self._platform):
            self._report(
                Step(
                    f"WARNING: image with reference {self._reference.familiar} was found but its platform ({own}) "
                    f"does not match the specified platform ({self._platform})"
                )
            )
