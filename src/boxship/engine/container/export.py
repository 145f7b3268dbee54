"""docker export: a container's files as one tar archive, without what is mounted into it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from boxship.engine.container.notify import publish
from boxship.engine.container.view import working
from boxship.engine.engine import Engine
from boxship.lib.errors import BoxshipError
from boxship.runtime.launch import Work, WorkFailed
from boxship.runtime.launch.ready import PipeReader


@asynccontextmanager
async def export(engine: Engine, ref: str) -> AsyncIterator[AsyncIterator[bytes]]:
    """The archive piece by piece. NotFound; BoxshipError, also in mid-archive."""
    container = engine.containers.get(ref)
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    reader = PipeReader(ours)
    try:
        async with working(engine, container, "export", {}, [theirs], use="read", mounts=False) as work:
            first = await reader.read()
            if not first:
                await _finish(work, ref)
            publish(engine, container, "export")
            yield _pieces(first, reader, work, ref)
    finally:
        reader.close()


async def _pieces(first: bytes, reader: PipeReader, work: Work, ref: str) -> AsyncIterator[bytes]:
    yield first
    while piece := await reader.read():
        yield piece
    await _finish(work, ref)


async def _finish(work: Work, ref: str) -> None:
    # The end of the pipe is the end of the archive only when the worker says so.
    try:
        await work.result()
    except WorkFailed as failed:
        raise BoxshipError(f"cannot export container {ref}: {failed.message}") from failed
