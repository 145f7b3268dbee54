"""The pause of a restart policy between two runs, and what ends it early."""

import asyncio

import msgspec

from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.lib.errors import BoxshipError, NotModified


def schedule(engine: Engine, container: Container, pause_ns: int) -> None:
    """Start the container again in `pause_ns` nanoseconds."""
    container.backoff_ns = pause_ns
    container.retry = engine.spawn(_retry(engine, container, pause_ns / 1e9))


async def give_up(engine: Engine, container: Container) -> None:
    """Somebody stops a container that waits for its next try: it has exited for good."""
    if container.retry is not None:
        container.retry.cancel()
    async with container.lock:
        if container.state.phase == "restarting":
            container.set_state(msgspec.structs.replace(container.state, phase="exited", manually_stopped=True))
            await engine.containers.save(container)
            container.exits.resolve(container.state.exit_code)


async def _retry(engine: Engine, container: Container, pause: float) -> None:
    # Imported here: starting schedules exits and exits schedule starts.
    from boxship.engine.container.start import start_again

    await asyncio.sleep(pause)
    container.retry = None
    try:
        await start_again(engine, container)
    except NotModified:
        pass
    except BoxshipError:
        # The failure stands in the container's state, for `docker inspect`.
        async with container.lock:
            if container.state.phase == "restarting":
                container.set_state(msgspec.structs.replace(container.state, phase="exited"))
                await engine.containers.save(container)
