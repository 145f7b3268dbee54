"""docker cp: files out of a container and into it, as tar archives."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from boxship.archive.compression import detect
from boxship.engine.container.download import Download
from boxship.engine.container.notify import publish
from boxship.engine.container.view import working
from boxship.engine.engine import Engine
from boxship.lib.clock import rfc3339nano
from boxship.lib.errors import BoxshipError, InvalidParameter, NotFound
from boxship.lib.plainjson import decode
from boxship.runtime.launch import Work, WorkFailed
from boxship.runtime.launch.ready import PipeReader, PipeWriter
from boxship.runtime.spec.points import mount_points

_LONGEST_LINE = 1 << 20
_MAGIC = 6
"""Bytes that tell how a stream is compressed."""


async def stat(engine: Engine, ref: str, path: str) -> dict[str, Any]:
    """What `path` is in the container (ContainerPathStat of the API). NotFound, BoxshipError in Docker's words."""
    container = engine.containers.get(ref)
    async with working(engine, container, "describe", {"path": path}, [], use="read") as work:
        return _shaped(await _result(work, ref, path))


@asynccontextmanager
async def read(engine: Engine, ref: str, path: str) -> AsyncIterator[tuple[dict[str, Any], Download]]:
    """What `path` is, and its tar archive. Errors as `stat`, also at the archive's end."""
    container = engine.containers.get(ref)
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    reader = PipeReader(ours)
    try:
        async with working(engine, container, "read_archive", {"path": path}, [theirs], use="read") as work:
            line = await _line(reader)
            if line is None:
                await _result(work, ref, path)
                raise BoxshipError(f"the worker has sent nothing of {path}")
            described, rest = line
            publish(engine, container, "archive-path")
            yield _shaped(decode(described)), Download(rest, reader, lambda: _result(work, ref, path))
    finally:
        reader.close()


async def write(
    engine: Engine, ref: str, path: str, body: AsyncIterator[bytes], *, keep_kinds: bool, to_user: bool
) -> None:
    """Extract an archive, plain or compressed, into the folder `path`.

    keep_kinds: no folder is replaced by what is none, and no other way round. to_user: what is extracted belongs to the
    container's user. NotFound; InvalidParameter where nothing can be written; BoxshipError in Docker's words else.
    """
    container = engine.containers.get(ref)
    record = container.record
    start = b""
    async for piece in body:
        start += piece
        if len(start) >= _MAGIC:
            break
    arguments = {
        "path": path,
        "compression": detect(start),
        "read_only": record.host.readonly_rootfs,
        "mounts": [(point.target, not point.read_only) for point in mount_points(record.config, record.host)],
        "keep_kinds": keep_kinds,
        "user": record.config.user if to_user and record.config.user else None,
    }
    theirs, ours = os.pipe2(os.O_CLOEXEC)
    writer = PipeWriter(ours)
    try:
        async with working(engine, container, "write_archive", arguments, [theirs], use="write") as work:
            feeding = asyncio.ensure_future(_feed(writer, start, body))
            answer = asyncio.ensure_future(_result(work, ref, path))
            try:
                # The worker may end first: it has found a fault, or the container is gone, and the client says nothing.
                await asyncio.wait({feeding, answer}, return_when=asyncio.FIRST_COMPLETED)
                if not answer.done():
                    await feeding
                await answer
            finally:
                for task in (feeding, answer):
                    task.cancel()
                await asyncio.gather(feeding, answer, return_exceptions=True)
    finally:
        writer.close()
    publish(engine, container, "extract-to-dir")


async def _feed(writer: PipeWriter, start: bytes, body: AsyncIterator[bytes]) -> None:
    try:
        await writer.write(start)
        async for piece in body:
            await writer.write(piece)
    except BrokenPipeError:
        # The worker has ended early; its answer says why.
        pass
    writer.close()


async def _line(reader: PipeReader) -> tuple[bytes, bytes] | None:
    """The first line and what came behind it; None when there is none."""
    data = b""
    while b"\n" not in data:
        piece = await reader.read()
        if not piece or len(data) > _LONGEST_LINE:
            return None
        data += piece
    line, _, rest = data.partition(b"\n")
    return line, rest


async def _result(work: Work, ref: str, path: str) -> Any:
    try:
        return await work.result()
    except WorkFailed as failed:
        raise _worded(failed, ref, path) from failed


def _worded(failed: WorkFailed, ref: str, path: str) -> BoxshipError:
    if failed.kind == "InvalidParameter":
        return InvalidParameter(failed.message)
    if failed.kind == "FileNotFoundError":
        return NotFound(f"Could not find the file {path} in container {ref}")
    if failed.errno and failed.kind != "Failed":
        return BoxshipError(f"lstat {path}: {os.strerror(failed.errno).lower()}")
    return BoxshipError(failed.message)


def _shaped(described: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": described["name"],
        "size": described["size"],
        "mode": described["mode"],
        "mtime": rfc3339nano(described["mtime_ns"]),
        "linkTarget": described["linkTarget"],
    }
