"""docker logs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from boxship.engine.container.log_target import log_target
from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.lib.bridge import bulk
from boxship.lib.clock import now_ns
from boxship.lib.errors import Unsupported
from boxship.lib.logframe import LogTarget
from boxship.model.container import AttachOptions
from boxship.storage.logs import LogChunk, LogFollower, LogQuery, encode_batch, require_streams


@dataclass(frozen=True, slots=True)
class LogStream:
    """What `GET /containers/{id}/logs` sends. tty: the body is the terminal's output, else stdcopy frames."""

    tty: bool
    body: AsyncIterator[bytes]


async def logs(engine: Engine, ref: str, query: LogQuery) -> LogStream:
    """The log of a container, in pieces of about a megabyte.

    A followed one ends when the container's run has ended and everything was given; one that does not run is not
    followed. InvalidParameter without a stream, NotFound, Unsupported for a driver that keeps nothing.
    """
    require_streams(query)
    container = engine.containers.get(ref)
    target = log_target(engine, container.record)
    if target.driver == "none":
        raise Unsupported("configured logging driver does not support reading")
    return LogStream(container.record.config.tty, _read(engine, container, target, query))


async def replay(engine: Engine, container: Container, options: AttachOptions) -> AsyncIterator[bytes]:
    """What an attachment with `logs` gets: the past, then with `stream` what follows."""
    query = LogQuery(stdout=options.stdout, stderr=options.stderr, follow=options.stream)
    target = log_target(engine, container.record)
    if query.streams() and target.driver != "none":
        async for piece in _read(engine, container, target, query):
            yield piece


async def _read(engine: Engine, container: Container, target: LogTarget, query: LogQuery) -> AsyncIterator[bytes]:
    following = query.follow and container.running
    wake = asyncio.Event()
    stop_watching = engine.log_watcher().subscribe(target.path, wake.set) if following else _nothing
    # The run that is followed; a later one, after a restart, is another reader's.
    monitor = container.monitor
    ended = container.exits.add()
    ended.add_done_callback(lambda _: wake.set())
    follower = await bulk(LogFollower, target, query)
    try:
        while True:
            wake.clear()
            over = not following or container.monitor is not monitor
            piece = await bulk(_step, follower, container.record.config.tty, target, query)
            if piece:
                yield piece
            elif follower.done or over or _too_late(query):
                break
            else:
                await _wait(wake, query)
        if last := encode(follower.finish(), container.record.config.tty, target, query):
            yield last
    finally:
        stop_watching()
        ended.cancel()
        follower.close()


def _step(follower: LogFollower, tty: bool, target: LogTarget, query: LogQuery) -> bytes:
    return encode(follower.next_batch(), tty, target, query)


def encode(chunks: list[LogChunk], tty: bool, target: LogTarget, query: LogQuery) -> bytes:
    """Chunks as the client wants them."""
    return encode_batch(
        chunks,
        multiplexed=not tty,
        timestamps=query.timestamps,
        attributes=target.attributes if query.details else None,
    )


def _too_late(query: LogQuery) -> bool:
    return query.until_ns != 0 and now_ns() > query.until_ns


async def _wait(wake: asyncio.Event, query: LogQuery) -> None:
    """Until the log has changed or the container has ended, or until the query's end."""
    if not query.until_ns:
        await wake.wait()
        return
    try:
        await asyncio.wait_for(wake.wait(), max(0.0, (query.until_ns - now_ns()) / 1e9))
    except TimeoutError:
        pass


def _nothing() -> None:
    """Nothing is watched."""
