"""docker stop: ask, wait, then kill."""

import asyncio
import signal as signals

import msgspec

from boxship.engine.container.kill import send
from boxship.engine.container.notify import publish
from boxship.engine.container.pause import resume
from boxship.engine.container.register import Container
from boxship.engine.container.signals import parse_signal
from boxship.engine.engine import Engine
from boxship.engine.supervise.restart import give_up
from boxship.lib.errors import BoxshipError, Conflict, InvalidParameter, NotModified

GRACE = 10
"""Seconds between the asking and the killing, where neither the person nor the container says otherwise."""

KILL_WAIT = 10.0
"""Seconds until a killed container must be gone."""


async def stop(engine: Engine, ref: str, *, signal: str, timeout: int | None) -> None:
    """Stop a container and return once its exit is recorded.

    signal: "" for the container's own. timeout: seconds, negative for ever, None for the container's own.
    NotModified when it does not run; BoxshipError for a bad signal, in Docker's words.
    """
    container = engine.containers.get(ref)
    await container.settled()
    if not container.active:
        raise NotModified(f"container {ref} is not running")
    try:
        # Once it has begun it goes on, also when the client hangs up: the person wants it stopped.
        await engine.whole(stop_container(engine, container, signal=signal, timeout=timeout))
    except InvalidParameter as error:
        raise BoxshipError(f"cannot stop container: {ref}: {error.message}") from error


async def stop_container(engine: Engine, container: Container, *, signal: str, timeout: int | None) -> None:
    """`stop` for a container at hand; nothing to do when it does not run. InvalidParameter for a bad signal."""
    config = container.record.config
    number = parse_signal(signal or config.stop_signal or "TERM")
    if timeout is None:
        timeout = GRACE if config.stop_timeout is None else config.stop_timeout
    if container.state.phase == "restarting":
        await give_up(engine, container)
        publish(engine, container, "stop")
        return
    if not container.running:
        return
    container.no_restart = True
    container.set_state(msgspec.structs.replace(container.state, manually_stopped=True))
    # Whoever records the exit publishes "stop" before "die": that is Docker's order.
    container.stopping = True
    exited = container.exits.add()
    try:
        await _end(engine, container, exited, number, timeout)
    finally:
        container.stopping = False
        exited.cancel()


async def _end(
    engine: Engine, container: Container, exited: "asyncio.Future[tuple[int, str]]", number: int, timeout: int
) -> None:
    """Signal, wait, kill, wait. BoxshipError when not even that ends it."""
    steps = ((number, None if timeout < 0 else timeout), (int(signals.SIGKILL), KILL_WAIT))
    for signal, seconds in steps:
        try:
            await send(engine, container, signal)
            await resume(engine, container)
        except Conflict:
            # It ended between the look and the signal: its exit is on the way.
            seconds = KILL_WAIT
        await asyncio.wait({exited}, timeout=seconds)
        if exited.done():
            return
    raise BoxshipError(
        f"container {container.name} (pid {container.state.pid}) did not end {KILL_WAIT:.0f} s after KILL: "
        "one of its processes hangs in the kernel"
    )
