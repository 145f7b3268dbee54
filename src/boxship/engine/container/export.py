"""docker export: a container's files as one tar archive, without what is mounted into it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from boxship.engine.container.download import Download
from boxship.engine.container.notify import publish
from boxship.engine.container.view import working
from boxship.engine.engine import Engine
from boxship.lib.errors import BoxshipError
from boxship.runtime.launch import Work, WorkFailed
from boxship.runtime.launch.ready import PipeReader


@asynccontextmanager
async def export(engine: Engine, ref: str) -> AsyncIterator[Download]:
    """The archive. NotFound; BoxshipError, also at the archive's end."""
    container = engine.containers.get(ref)
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    reader = PipeReader(ours)
    try:
        async with working(engine, container, "export", {}, [theirs], use="read", mounts=False) as work:
            if not await reader.ready():
                await _finish(work, ref)
            publish(engine, container, "export")
            yield Download(b"", reader, lambda: _finish(work, ref))
    finally:
        reader.close()


async def _finish(work: Work, ref: str) -> None:
    try:
        await work.result()
    except WorkFailed as failed:
        raise BoxshipError(f"cannot export container {ref}: {failed.message}") from failed
