"""docker pause and docker unpause: every process of a container is frozen by its control group, or thawed."""

import errno

import msgspec

from boxship.engine.container.group import group_of_run
from boxship.engine.container.notify import publish
from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.engine.supervise.health import begin_checks, end_checks
from boxship.engine.supervise.verdict import ended
from boxship.lib.bridge import bulk
from boxship.lib.errors import BoxshipError, Conflict


async def pause(engine: Engine, ref: str) -> None:
    """Freeze a running container. Conflict when it does not run or is paused; BoxshipError when the kernel can't."""
    container = engine.containers.get(ref)
    await engine.whole(_pause(engine, container))


async def hold(engine: Engine, container: Container) -> None:
    """Freeze a running container for a while, to be thawed by `resume`; a daemon that is killed meanwhile thaws it at
    its next start. Its health stays what it is. Errors as of `pause`.
    """
    await engine.whole(_pause(engine, container, held=True))


async def end_hold(engine: Engine, container: Container) -> None:
    """Thaw what a former daemon held."""
    try:
        await _freeze(engine, container, frozen=False)
    except Conflict:
        # Its end is on the way.
        pass
    container.set_state(msgspec.structs.replace(container.state, paused=False, held=False))
    await engine.containers.save(container)


async def unpause(engine: Engine, ref: str) -> None:
    """Let a paused container go on. BoxshipError when it is not paused, as Docker answers it."""
    container = engine.containers.get(ref)
    if not container.paused:
        raise BoxshipError(f"Container {container.id} is not paused")
    await engine.whole(resume(engine, container))


async def resume(engine: Engine, container: Container, *, tell: bool = True) -> None:
    """Thaw a container that may be paused. tell: publish it, too. BoxshipError when it does not thaw."""
    async with container.lock:
        if not container.paused:
            return
        try:
            await _freeze(engine, container, frozen=False)
        except Conflict:
            # Its end is on the way.
            return
        container.set_state(msgspec.structs.replace(container.state, paused=False, held=False))
        begin_checks(engine, container)
        await engine.containers.save(container)
        if tell:
            publish(engine, container, "unpause")


async def _pause(engine: Engine, container: Container, *, held: bool = False) -> None:
    async with container.lock:
        must_be_up(container)
        if container.paused:
            raise Conflict(f"Container {container.id} is already paused")
        if held:
            # Before the freezing: nobody would thaw it if the daemon were killed between the two.
            container.set_state(msgspec.structs.replace(container.state, held=True))
            await engine.containers.save(container)
        try:
            await _freeze(engine, container, frozen=True)
        except BoxshipError:
            container.set_state(msgspec.structs.replace(container.state, held=False))
            raise
        end_checks(container)
        health = container.state.health if held else ended(container.state.health)
        container.set_state(msgspec.structs.replace(container.state, paused=True, health=health))
        await engine.containers.save(container)
        publish(engine, container, "pause")


def must_be_up(container: Container) -> None:
    """Conflict unless the container has processes, frozen ones too."""
    if container.state.phase == "restarting":
        raise Conflict(f"Container {container.id} is restarting, wait until the container is running")
    if not container.running:
        raise Conflict(f"container {container.id} is not running")


async def _freeze(engine: Engine, container: Container, *, frozen: bool) -> None:
    try:
        await bulk(_set_frozen, engine, container.id, frozen)
    except (KeyError, OSError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOENT, errno.ENODEV):
            raise Conflict(f"container {container.id} is not running") from None
        # A machine without a freezer, or a process that does not come to rest.
        what = "pause" if frozen else "unpause"
        raise BoxshipError(f"Cannot {what} container {container.id}: {error}") from error


def _set_frozen(engine: Engine, container_id: str, frozen: bool) -> None:
    group_of_run(engine, container_id).freeze(frozen)


def is_frozen(engine: Engine, container_id: str) -> bool:
    """Whether the kernel holds the processes of a running container (blocks): a daemon may have ended between the
    freezing and the record of it.
    """
    try:
        return group_of_run(engine, container_id).frozen()
    except (KeyError, OSError, ValueError):
        return False
