"""docker rm: a container goes, with everything that is its own."""

import asyncio
import shutil
import signal as signals

from boxship.engine.container.kill import kill_container
from boxship.engine.container.notify import publish
from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.engine.supervise.restart import give_up
from boxship.lib.bridge import quick
from boxship.lib.errors import BoxshipError, Conflict
from boxship.model.container import ContainerRecord

MONITOR_WAIT = 5.0
"""Seconds that a removal waits for the container's monitor to go."""


async def remove(engine: Engine, ref: str, *, force: bool, volumes: bool, link: bool) -> None:
    """Remove a container: its record, its writable layer, its files.

    force: kill it first when it runs. volumes: its anonymous volumes, too. Conflict when it runs and is not forced,
    or when another removal is under way; BoxshipError for link, as Docker says it.
    """
    if link:
        # There are no links here, as there are none in Docker without its --link flag.
        raise BoxshipError("Conflict, cannot remove the default link name of the container")
    container = engine.containers.get(ref)
    if container.removing:
        raise Conflict(f"removal of container {container.name} is already in progress")
    if container.active and not force:
        raise _in_use(container, ref)
    container.removing = True
    await engine.whole(_remove(engine, container, ref, force=force))


def _in_use(container: Container, ref: str) -> Conflict:
    advice = ": stop the container before removing or force remove"
    if container.paused:
        advice = " and must be unpaused first"
    return Conflict(f'cannot remove container "{ref.removeprefix("/")}": container is {container.state.status}{advice}')


async def _remove(engine: Engine, container: Container, ref: str, *, force: bool) -> None:
    while True:
        try:
            # A start may have been under way when this was asked for: it is over when it lets go of the lock.
            if container.active and not force:
                raise _in_use(container, ref)
            await _end(engine, container)
        except BaseException:
            container.removing = False
            raise
        async with container.lock:
            if not container.active:
                await engine.containers.forget(container)
                await take_away(engine, container)
                return


async def take_away(engine: Engine, container: Container) -> None:
    """The second half: the record is gone already, so what a crash leaves here, the next boot sweeps.

    BoxshipError when files stay.
    """
    _forget_clients(engine, container)
    # Beside the files, the monitor goes; its mount namespace may keep the writable layer until then.
    files = engine.linger(quick(remove_files, engine, container.record))
    monitor = {container.leaving} if container.leaving is not None else set()
    try:
        # A client that does not take the last output keeps its monitor, but must not keep `rm` waiting.
        await asyncio.wait({files, *monitor}, timeout=MONITOR_WAIT)
        await files
    except OSError as error:
        raise BoxshipError(
            f"container {container.name} is removed, but not all of its files: {error.filename}: {error.strerror}; "
            "the next start of the daemon tries again"
        ) from error
    finally:
        _tell_removed(engine, container)


def take_away_later(engine: Engine, container: Container) -> None:
    """`take_away` for --rm: whoever waits for the removal hears of it now that the record is gone, the files and the
    monitor follow. Nobody could be told of a file that stays; the next boot sweeps it.
    """
    _forget_clients(engine, container)
    engine.linger(quick(remove_files, engine, container.record))
    _tell_removed(engine, container)


def _forget_clients(engine: Engine, container: Container) -> None:
    container.drop_pending()
    container.copies.end()
    for exec_id in container.execs:
        engine.execs.forget(exec_id)


def _tell_removed(engine: Engine, container: Container) -> None:
    publish(engine, container, "destroy")
    container.removed.resolve(container.state.exit_code)
    container.exits.resolve(container.state.exit_code)


def remove_files(engine: Engine, record: ContainerRecord) -> None:
    """The writable layer, the folder with log and hosts file, layers that nobody else needs (blocks).

    OSError when something stays.
    """
    sweep_files(engine, record.id)
    if engine.images.catalog.get(record.image_id) is None:
        # The image was removed by force while this container stood on its layers.
        engine.images.collect(record.diff_ids)


def sweep_files(engine: Engine, container_id: str) -> None:
    """What lies on the disk under a container's id, whether or not there is such a container (blocks). OSError."""
    engine.snapshotter.remove(container_id)
    folder = engine.config.container_folder(container_id)
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        # It was never started, or somebody else is at it.
        pass


async def _end(engine: Engine, container: Container) -> None:
    """Make sure that nothing runs. BoxshipError when the process does not go."""
    if container.state.phase == "restarting":
        await give_up(engine, container)
    if container.running:
        exited = container.exits.add()
        try:
            await kill_container(engine, container, int(signals.SIGKILL))
            if container.running:
                await asyncio.wait({exited}, timeout=1)
        except Conflict:
            await asyncio.wait({exited}, timeout=10)
        finally:
            exited.cancel()
    if container.active:
        raise BoxshipError(
            f'cannot remove container "{container.name}": could not kill container: '
            f"pid {container.state.pid} did not end"
        )
