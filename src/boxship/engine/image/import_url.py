"""docker import URL: an image from the tar of a root file system that lies on the web."""

import threading
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from boxship.engine.engine import Engine
from boxship.engine.image.notify import publish
from boxship.engine.image.telling import Message, Telling
from boxship.image.pull.steps import INTERVAL, Report, Step
from boxship.lib.bridge import remote
from boxship.model import platform as platforms
from boxship.model.image import ImageRecord
from boxship.model.platform import Platform
from boxship.model.reference import Reference, parse_tag_target

if TYPE_CHECKING:
    from boxship.image.download import File
    from boxship.registry.transport import Transport


async def import_url(
    engine: Engine,
    source: str,
    *,
    repository: str,
    tag: str,
    changes: list[str],
    message: str,
    platform: Platform | None,
) -> AsyncIterator[Message]:
    """Make an image of one layer; the messages of `POST /images/create`, the last one with its id.

    source: a URL, http:// unless it says otherwise. The rest: as `import_`. Errors before the first message are those
    of the request: NotFound, Unreachable, InvalidParameter; later ones come within the answer. When the iterator is
    closed, the download ends, and nothing stays.
    """
    reference = parse_tag_target(repository, tag) if repository else None
    telling = Telling()
    work = _Work(engine, source, telling)

    async def run() -> None:
        try:
            image = await remote(work.run, reference, changes, message, platform or platforms.host())
        except BaseException as error:
            telling.end(error)
            if not isinstance(error, Exception):
                raise
            return
        if reference is not None:
            publish(engine, image, "tag", reference.familiar)
        publish(engine, image, "import")
        telling.end()

    engine.linger(run())
    try:
        async for told in telling.listen():
            yield told
    finally:
        work.abort()


class _Work:
    """One import. `run` is for a thread, `abort` for any."""

    def __init__(self, engine: Engine, source: str, telling: Telling) -> None:
        self._engine = engine
        self._source = source
        self._report = telling.say
        self._lock = threading.Lock()
        self._transport: Transport | None = None
        self._aborted = False

    def abort(self) -> None:
        """The client has gone, or the import is over."""
        with self._lock:
            self._aborted = True
            if self._transport is not None:
                self._transport.abort()

    def run(self, reference: Reference | None, changes: list[str], message: str, platform: Platform) -> ImageRecord:
        # As for pull: who never downloads does not pay for the client's memory.
        from boxship.image.download import download, full_url
        from boxship.registry.transport import Transport

        transport = Transport(self._engine.config.registry)
        with self._lock:
            self._transport = transport
            if self._aborted:
                transport.abort()
        url = full_url(self._source)
        try:
            with download(transport, url) as file:
                self._report(Step(f"Downloading from {url}"))
                image = self._engine.images.import_rootfs(
                    _Watched(file, self._report),
                    reference=reference,
                    changes=changes,
                    message=message,
                    platform=platform,
                    source=url,
                )
        finally:
            transport.close()
        self._report(Step(image.id))
        return image


class _Watched:
    """A download that tells how far it has come."""

    def __init__(self, file: "File", report: Report) -> None:
        self._file = file
        self._report = report
        self._came = 0
        self._next = 0.0

    def read(self, size: int, /) -> bytes:
        data = self._file.read(size)
        self._came += len(data)
        now = time.monotonic()
        if data and (now >= self._next or self._came == self._file.size):
            self._next = now + INTERVAL
            self._report(Step("Importing", "", True, self._came, self._file.size))
        return data
