"""After a start of the daemon: containers that a former one left running are taken over, leftovers are swept.

The former daemon may have been killed at any instant. What it acknowledged stands in the database; what it had only
begun is finished or undone here.
"""

import asyncio
import logging
import os
import signal
from typing import Any

import msgspec

from boxship.engine.container.init_layer import make_init_layer
from boxship.engine.container.pause import end_hold, is_frozen
from boxship.engine.container.register import Container
from boxship.engine.container.remove import remove, sweep_files
from boxship.engine.container.start import start_again
from boxship.engine.engine import Engine
from boxship.engine.exec.register import Exec
from boxship.engine.network.attach import from_note
from boxship.engine.network.recover import recover, recover_rules
from boxship.engine.supervise.exits import ended, watch
from boxship.engine.supervise.lost import end_lost_run
from boxship.engine.supervise.policy import starts_at_boot
from boxship.engine.supervise.restart import schedule
from boxship.engine.supervise.verdict import begun
from boxship.kernel.topdir import make_top_folder
from boxship.lib.bridge import bulk, quick
from boxship.lib.errors import BoxshipError, NotFound, Unavailable
from boxship.model.container import ContainerState, ExecConfig
from boxship.runtime.launch import Exit, Monitor

log = logging.getLogger("boxship.engine")

LOST = 255
"""The exit code of a run of which nothing is known any more, as after a power cut."""

STARTING = 2.0
"""Seconds that a run of which only the files are seen may take to show its monitor."""


async def boot(engine: Engine) -> None:
    """Bring the engine's memory in line with the world; to be awaited before the first request is served.

    Restart policies act afterwards, beside the requests.
    """
    await quick(make_init_layer, engine.config.init_layer)
    await quick(make_top_folder, engine.config.containers_folder, 0o710)
    await quick(engine.containers.load)
    await quick(engine.networks.load, engine.config.instance)
    for container in engine.containers:
        recover(engine, container)
    await bulk(engine.images.sweep)
    runs = await quick(_folders, f"{engine.config.run_root}/c")
    if not runs:
        await quick(engine.snapshotter.shed)
    await asyncio.gather(*(_take_over(engine, container, container.id in runs) for container in engine.containers))
    await _sweep(engine, runs)
    await recover_rules(engine)
    await asyncio.gather(*(_discard(engine, container) for container in engine.containers if _abandoned(container)))
    for container in engine.containers:
        policy = container.record.host.restart_policy
        if container.state.phase == "restarting" and container.retry is None:
            schedule(engine, container, 0)
        elif not container.active and starts_at_boot(policy, container.state):
            engine.spawn(_start(engine, container))


async def _take_over(engine: Engine, container: Container, has_run: bool) -> None:
    state = container.state
    if state.phase != "running" and not has_run:
        return
    match await _adopt(engine, container.id):
        case Monitor() as found:
            if state.phase != "running" or state.started_ns != found.started_ns:
                # The start was under way: it has succeeded, only nobody was told.
                await _record_start(engine, container, found.pid, found.started_ns, found.note)
                recover(engine, container)
            if container.state.held:
                await _let_go(engine, container)
            frozen = await quick(is_frozen, engine, container.id)
            if frozen != container.paused:
                container.set_state(msgspec.structs.replace(container.state, paused=frozen))
                await engine.containers.save(container)
            watch(engine, container, found)
            _take_over_execs(engine, container, found)
        case Exit() as found if state.phase != "running" and state.finished_ns == found.finished_ns:
            # Recorded already; only the bundle is left.
            await engine.launcher.forget(container.id)
        case Exit() as found:
            if state.phase != "running":
                # Nobody was told of the start, but the container has run.
                await _record_start(engine, container, 0, found.finished_ns)
            await ended(engine, container, found, None)
        case None if state.phase == "running":
            await ended(engine, container, Exit(LOST, False, 0), None)
        case None:
            await engine.launcher.forget(container.id)


async def _let_go(engine: Engine, container: Container) -> None:
    """A commit was under way."""
    try:
        await end_hold(engine, container)
    except BoxshipError as error:
        log.error("container %s, which a commit held still, does not go on: %s", container.name, error)


async def _adopt(engine: Engine, container_id: str) -> Monitor | Exit | None:
    """What became of a run. A monitor that was forked in the last moment is given the time to show itself."""
    bundle = engine.config.bundle_folder(container_id)
    try:
        found = await engine.launcher.adopt(container_id)
        patience = STARTING
        while found is None and patience > 0 and await quick(_starting, bundle):
            await asyncio.sleep(0.05)
            patience -= 0.05
            found = await engine.launcher.adopt(container_id)
        return found
    except (BoxshipError, OSError) as error:
        # One container that can't be reached must not keep the daemon from serving the others.
        log.error("the monitor of container %s can't be taken over: %s", container_id, error)
        return None


def _starting(bundle: str) -> bool:
    """Whether a run's files are there, but neither its monitor's socket nor its exit."""
    return os.path.exists(f"{bundle}/plan.json") and not (
        os.path.exists(f"{bundle}/monitor.sock") or os.path.exists(f"{bundle}/exit.json")
    )


async def _record_start(
    engine: Engine, container: Container, pid: int, started_ns: int, note: dict[str, Any] | None = None
) -> None:
    container.set_state(
        ContainerState(
            phase="running",
            pid=pid,
            started_ns=started_ns,
            finished_ns=container.state.finished_ns,
            restart_count=container.state.restart_count,
            health=begun(container.record.config, container.state.health),
            **from_note(note or {}),
        )
    )
    await engine.containers.save(container)


def _take_over_execs(engine: Engine, container: Container, monitor: Monitor) -> None:
    """The monitor has kept what runs and the exit codes; of what was asked for, the process."""
    for state in monitor.execs.values():
        if not state.kept:
            # The check of a daemon that is gone: nobody waits for it, and nobody would end it.
            if state.running:
                engine.spawn(_end_probe(monitor, state.exec_id))
            continue
        process = state.process
        config = ExecConfig(
            cmd=process.get("args") or [""],
            tty=bool(process.get("terminal")),
            user=(process.get("user") or {}).get("username", ""),
            working_dir=process.get("cwd", ""),
            attach_stdout=True,
            attach_stderr=True,
        )
        exec = Exec(state.exec_id, container, config, b"")
        exec.started = True
        exec.pid = state.pid
        exec.running = state.running
        if not state.running:
            exec.end(LOST if state.exit_code is None else state.exit_code)
        engine.execs.add(exec)


async def _end_probe(monitor: Monitor, exec_id: str) -> None:
    try:
        await monitor.signal(signal.SIGKILL, exec_id)
    except (NotFound, Unavailable):
        # It has ended meanwhile.
        return


def _abandoned(container: Container) -> bool:
    """An --rm container that was made and never ran: nobody comes back for it, and nothing else would remove it."""
    return container.record.host.auto_remove and not container.active and not container.removing


async def _discard(engine: Engine, container: Container) -> None:
    try:
        await remove(engine, container.id, force=False, volumes=True, link=False)
    except BoxshipError as error:
        log.error("container %s, made with --rm, stays: %s", container.name, error)


async def _start(engine: Engine, container: Container) -> None:
    try:
        await start_again(engine, container)
    except BoxshipError:
        # Why stands in the container's state, for `docker inspect`.
        pass


async def _sweep(engine: Engine, runs: set[str]) -> None:
    """Remove what belongs to no container: runs, writable layers, folders."""
    known = {container.id for container in engine.containers}
    for container_id in runs - known:
        await _end_stray(engine, container_id)
    folders = await quick(_folders, engine.config.containers_folder)
    layers = set(await quick(engine.snapshotter.containers))
    for container_id in (folders | layers) - known:
        try:
            await quick(sweep_files, engine, container_id)
        except (OSError, NotFound):
            # Busy still; the next boot tries again.
            continue


async def _end_stray(engine: Engine, container_id: str) -> None:
    """A run whose container was removed: end it and let its monitor go."""
    found = await _adopt(engine, container_id)
    if isinstance(found, Monitor):
        try:
            await found.signal(9)
            await found.exited
            await found.finish()
        except (NotFound, Unavailable):
            pass
    if found is None:
        try:
            await bulk(end_lost_run, engine.config.bundle_folder(container_id))
        except OSError as error:
            log.error("what is left of container %s does not end: %s", container_id, error)
    await engine.launcher.forget(container_id)


def _folders(path: str) -> set[str]:
    try:
        with os.scandir(path) as entries:
            return {entry.name for entry in entries if len(entry.name) == 64}
    except FileNotFoundError:
        return set()
