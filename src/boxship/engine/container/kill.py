"""docker kill: a signal for a container's first process."""

import asyncio
import signal as signals

import msgspec

from boxship.engine.container.early_signal import insist, is_dropped
from boxship.engine.container.notify import publish
from boxship.engine.container.pause import resume
from boxship.engine.container.register import Container
from boxship.engine.container.signals import is_supported, parse_signal
from boxship.engine.engine import Engine
from boxship.engine.supervise.restart import give_up
from boxship.lib.errors import Conflict, InvalidParameter, NotFound, Unavailable

EXIT_WAIT = 10.0
"""Seconds that `kill` waits for a killed container's exit; it is reported all the same when it takes longer."""


async def kill(engine: Engine, ref: str, signal: str) -> None:
    """Send `signal` ("" for KILL); after KILL, return once the exit is recorded.

    A person's signal ends the restart policy for this run, as in Docker: any signal where the container names no
    StopSignal, else that one and KILL. Conflict when it does not run, InvalidParameter for a bad signal.
    """
    try:
        container = engine.containers.get(ref)
        number = parse_signal(signal) if signal else int(signals.SIGKILL)
        if not is_supported(number):
            raise InvalidParameter(f"the linux daemon does not support signal {number}")
        await kill_container(engine, container, number)
    except (Conflict, InvalidParameter, NotFound) as error:
        raise type(error)(f"cannot kill container: {ref}: {error.message}") from error


async def kill_container(engine: Engine, container: Container, number: int) -> None:
    """`kill` for a container at hand."""
    await container.settled()
    ends = _ends_policy(container, number)
    if container.state.phase == "restarting":
        if ends:
            await give_up(engine, container)
        return
    exited = container.exits.add()
    try:
        if ends:
            container.no_restart = True
            container.set_state(msgspec.structs.replace(container.state, manually_stopped=True))
        await send(engine, container, number)
        if ends:
            # A frozen process does not even die.
            await resume(engine, container, tell=number != signals.SIGKILL)
        if number == signals.SIGKILL:
            await asyncio.wait({exited}, timeout=EXIT_WAIT)
    finally:
        exited.cancel()


async def send(engine: Engine, container: Container, number: int) -> None:
    """Send a signal and publish it. Conflict when nothing runs."""
    monitor = container.monitor
    if monitor is None or not container.running:
        raise Conflict(f"container {container.id} is not running")
    dropped = await is_dropped(container, number)
    try:
        await monitor.signal(number)
    except (NotFound, Unavailable):
        # It has ended already; its exit is on the way.
        raise Conflict(f"container {container.id} is not running") from None
    if dropped:
        engine.spawn(insist(container, monitor, number))
    publish(engine, container, "kill", signal=str(number))


def _ends_policy(container: Container, number: int) -> bool:
    own = container.record.config.stop_signal
    return not own or number in (signals.SIGKILL, parse_signal(own))
