"""docker commit: an image of what a container has changed."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import msgspec

from boxship.engine.container.merge import merge
from boxship.engine.container.notify import publish as publish_container
from boxship.engine.container.pause import hold, resume
from boxship.engine.container.register import Container
from boxship.engine.container.view import working
from boxship.engine.engine import Engine
from boxship.engine.image.notify import publish
from boxship.engine.system.version import VERSION
from boxship.image.changes import apply_changes
from boxship.image.commit import Commit
from boxship.lib.bridge import bulk
from boxship.lib.errors import BoxshipError, Conflict, Unavailable
from boxship.model.config import ContainerConfig
from boxship.model.container import words
from boxship.model.image import ImageRecord
from boxship.model.reference import Reference, parse_tag_target
from boxship.runtime.launch import Work, WorkFailed

# What of a container's config belongs to an image.
_KEPT = (
    "ArgsEscaped", "Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "Labels", "OnBuild", "Shell",
    "StopSignal", "StopTimeout", "User", "Volumes", "WorkingDir",
)  # fmt: skip


async def commit(
    engine: Engine,
    ref: str,
    *,
    repository: str,
    tag: str,
    comment: str,
    author: str,
    pause: bool,
    changes: list[str],
    config: ContainerConfig | None,
) -> str:
    """Make an image; its id. repository: its name, "" for none. changes: Dockerfile instructions.

    pause: its processes hold still meanwhile. config: goes before the container's own, None for that alone. NotFound,
    InvalidParameter for a bad name or change, Conflict for a container that is being removed, BoxshipError.
    """
    container = engine.containers.get(ref)
    reference = parse_tag_target(repository, tag) if repository else None
    if container.removing:
        raise _being_removed(container)
    record = container.record
    base = msgspec.to_builtins(config if config is not None else record.config)
    changed = msgspec.convert(apply_changes(changes, base), ContainerConfig)
    values: dict[str, Any] = msgspec.to_builtins(merge(changed, record.config))
    step = Commit(
        config={key: values[key] for key in _KEPT if values.get(key)},
        created_by=" ".join(words(record.config.cmd)),
        comment=comment,
        author=author,
        docker_version=VERSION,
    )
    async with _still(engine, container) if pause and container.running else nullcontext():
        return await _commit(engine, container, step, reference)


async def _commit(engine: Engine, container: Container, step: Commit, reference: Reference | None) -> str:
    image = await _make(engine, container, step, reference)
    publish(engine, image, "create")
    extra = {}
    if reference is not None:
        publish(engine, image, "tag", reference.familiar)
        extra["imageRef"] = reference.familiar
    publish_container(engine, container, "commit", comment=step.comment, imageID=image.id, **extra)
    return image.id


@asynccontextmanager
async def _still(engine: Engine, container: Container) -> AsyncIterator[None]:
    """Freeze a running container; one that is paused stays so. BoxshipError when it does not come to rest."""
    if container.paused:
        yield
        return
    try:
        await hold(engine, container)
    except Conflict:
        # It has just ended, or somebody else has paused it.
        yield
        return
    try:
        yield
    finally:
        await engine.whole(resume(engine, container))


async def _make(engine: Engine, container: Container, step: Commit, reference: Reference | None) -> ImageRecord:
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    with open(ours, "rb", buffering=0) as pipe:
        async with working(engine, container, "read_layer", {}, [theirs], use="compare") as work:
            source = _Source(pipe.read, work)
            parent = container.record.image_id
            try:
                return await bulk(engine.images.commit, source, parent=parent, step=step, reference=reference)
            except Unavailable as error:
                # The worker ends with the container.
                raise (_being_removed(container) if container.removing else error) from None


def _being_removed(container: Container) -> Conflict:
    return Conflict(f"You cannot commit container {container.id} which is being removed")


class _Source:
    """The worker's archive for a thread. Its end is believed only when the worker says that it is whole."""

    def __init__(self, read: Any, work: Work) -> None:
        self._read = read
        self._work = work
        self._loop = asyncio.get_running_loop()

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, b"" at the end. BoxshipError when the worker has failed."""
        data: bytes = self._read(size)
        if not data:
            try:
                asyncio.run_coroutine_threadsafe(self._work.result(), self._loop).result()
            except WorkFailed as failed:
                raise BoxshipError(f"cannot read what the container has changed: {failed.message}") from failed
        return data
