"""docker logs."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from boxship.engine.container.log_target import log_target
from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.lib.bridge import bulk
from boxship.lib.clock import now_ns
from boxship.lib.errors import Unsupported
from boxship.lib.logframe import LogTarget
from boxship.model.container import AttachOptions
from boxship.storage.logs import LogChunk, LogFollower, LogQuery, encode_batch, require_streams

T = TypeVar("T")

POLL_SECONDS = 0.25
"""How often a followed log is looked at where the kernel can't tell of changes."""


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
    tty = container.record.config.tty
    return LogStream(tty, _read(engine, container, target, query, framed=not tty))


async def replay(
    engine: Engine, container: Container, options: AttachOptions, until_ns: int = 0
) -> AsyncIterator[bytes]:
    """What an attachment with `logs` gets: the past, up to `until_ns` (0: all), then with `stream` what follows."""
    query = LogQuery(stdout=options.stdout, stderr=options.stderr, follow=options.stream, until_ns=until_ns)
    target = log_target(engine, container.record)
    if query.streams() and target.driver != "none":
        framed = not container.record.config.tty if options.framed is None else options.framed
        async for piece in _read(engine, container, target, query, framed=framed):
            yield piece


async def _read(
    engine: Engine, container: Container, target: LogTarget, query: LogQuery, *, framed: bool
) -> AsyncIterator[bytes]:
    following = query.follow and container.running
    # What does not run is read like a finished log: its unfinished last line is the last.
    query = msgspec.structs.replace(query, follow=following)
    wake = asyncio.Event()
    stop_watching, patience = _watch(engine, target, wake) if following else (_nothing, math.inf)
    # The run that is followed; a later one, after a restart, is another reader's.
    monitor = container.monitor
    ended = container.exits.add()
    ended.add_done_callback(lambda _: wake.set())
    opening = asyncio.ensure_future(bulk(LogFollower, target, query))
    try:
        follower = await _to_its_end(opening)
        while True:
            wake.clear()
            over = not following or container.monitor is not monitor
            step = bulk(_step, follower, framed, target, query)
            piece = await _to_its_end(asyncio.ensure_future(step))
            if piece:
                yield piece
            elif follower.done or over or _too_late(query):
                break
            else:
                await _wait(wake, query, patience)
        if last := encode(follower.finish(), framed, target, query):
            yield last
    finally:
        stop_watching()
        ended.cancel()
        if opening.done() and not opening.cancelled() and opening.exception() is None:
            opening.result().close()


async def _to_its_end(work: "asyncio.Future[T]") -> T:
    """The result of work in a thread. A reader that is cancelled meanwhile (its client has gone) waits for the
    thread all the same: it uses the files that the reader closes then.
    """
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait({work})
        raise


def _step(follower: LogFollower, framed: bool, target: LogTarget, query: LogQuery) -> bytes:
    return encode(follower.next_batch(), framed, target, query)


def encode(chunks: list[LogChunk], framed: bool, target: LogTarget, query: LogQuery) -> bytes:
    """Chunks as the client wants them."""
    return encode_batch(
        chunks,
        multiplexed=framed,
        timestamps=query.timestamps,
        attributes=target.attributes if query.details else None,
    )


def _too_late(query: LogQuery) -> bool:
    return query.until_ns != 0 and now_ns() > query.until_ns


def _watch(engine: Engine, target: LogTarget, wake: asyncio.Event) -> tuple[Callable[[], None], float]:
    """How to end the watch, and how many seconds to wait for it at most."""
    try:
        return engine.log_watcher().subscribe(target.path, wake.set), math.inf
    except OSError:
        # The machine's inotify watches are used up (fs.inotify.max_user_watches): look now and then instead.
        return _nothing, POLL_SECONDS


async def _wait(wake: asyncio.Event, query: LogQuery, patience: float) -> None:
    """Until the log has changed or the container has ended, until the query's end, or `patience` seconds."""
    if query.until_ns:
        patience = min(patience, max(0.0, (query.until_ns - now_ns()) / 1e9))
    try:
        await asyncio.wait_for(wake.wait(), None if math.isinf(patience) else patience)
    except TimeoutError:
        pass


def _nothing() -> None:
    """Nothing is watched."""
