"""What follows when a container's first process has ended."""

import logging

import msgspec

from boxship.engine.container.notify import publish
from boxship.engine.container.register import Container
from boxship.engine.container.remove import take_away_later
from boxship.engine.engine import Engine
from boxship.engine.exec.ended import end_all, exec_ended
from boxship.engine.network.attach import detach
from boxship.engine.network.making import container_ports
from boxship.engine.supervise.compression import compress_while_running
from boxship.engine.supervise.health import begin_checks, end_checks
from boxship.engine.supervise.lost import end_lost_run
from boxship.engine.supervise.policy import comes_back, next_backoff
from boxship.engine.supervise.restart import schedule
from boxship.engine.supervise.verdict import ended as ended_health
from boxship.lib.bridge import bulk
from boxship.lib.clock import now_ns
from boxship.lib.errors import Unavailable
from boxship.model.container import ContainerState
from boxship.runtime.launch import Exit, Monitor

log = logging.getLogger("boxship.engine")


def watch(engine: Engine, container: Container, monitor: Monitor) -> None:
    """Deal with the monitor's exit once it comes. The container's state must say that it runs."""
    container.monitor = monitor
    monitor.on_exec_exit = lambda exec_id, code: exec_ended(engine, container, exec_id, code)
    monitor.on_detach = lambda exec_id: _detached(engine, container, exec_id)
    monitor.on_out_of_memory = lambda: _out_of_memory_later(engine, container, monitor)
    if monitor.out_of_memory and not container.state.oom_killed:
        # Before anybody listened.
        _out_of_memory_later(engine, container, monitor)
    engine.spawn(_watch(engine, container, monitor))
    compress_while_running(engine, container)
    begin_checks(engine, container)


def _detached(engine: Engine, container: Container, exec_id: str) -> None:
    if exec_id:
        publish(engine, container, "exec_detach", execID=exec_id)
    else:
        publish(engine, container, "detach")


def _out_of_memory_later(engine: Engine, container: Container, monitor: Monitor) -> None:
    engine.spawn(_out_of_memory(engine, container, monitor))


async def _out_of_memory(engine: Engine, container: Container, monitor: Monitor) -> None:
    """The kernel has ended a process of the container for want of memory; the container may well go on."""
    async with container.lock:
        if container.monitor is not monitor:
            return
        if not container.state.oom_killed:
            container.set_state(msgspec.structs.replace(container.state, oom_killed=True))
            await engine.containers.save(container)
        publish(engine, container, "oom")


async def _watch(engine: Engine, container: Container, monitor: Monitor) -> None:
    await ended(engine, container, await monitor.exited, monitor)


async def ended(engine: Engine, container: Container, exit: Exit, monitor: Monitor | None) -> None:
    """Record an exit, tell everyone, and let the restart policy or --rm follow.

    One commit: the exit, or the removal in its place. The monitor goes when its exit is durable.
    """
    async with container.lock:
        before = container.state
        if container.monitor is not monitor or not container.active:
            return
        container.monitor = None
        end_checks(container)
        end_all(engine, container, exit.execs)
        again = (
            not container.no_restart
            and not engine.closing
            and not container.removing
            and comes_back(
                container.record.host.restart_policy,
                exit.code,
                before.restart_count,
                manually_stopped=before.manually_stopped,
            )
        )
        container.set_state(_after(before, exit, again))
        await detach(engine, container.id, before.endpoints, container_ports(before.ports))
        remove = container.record.host.auto_remove and not container.keep and not container.removing
        if remove:
            container.removing = True
            await engine.containers.forget(container)
        else:
            await engine.containers.save(container)
        if exit.oom_killed and not before.oom_killed:
            # Nobody could tell while it ran.
            publish(engine, container, "oom")
        if container.stopping:
            publish(engine, container, "stop")
        ran_ns = max(0, container.state.finished_ns - before.started_ns)
        seconds = str(ran_ns // 1_000_000_000)
        publish(engine, container, "die", execDuration=seconds, exitCode=str(exit.code))
        container.exits.resolve(exit.code)
        # A monitor that was killed could not note the time.
        container.leaving = engine.spawn(_release(engine, container.id, monitor, lost=exit.finished_ns == 0))
        if remove:
            take_away_later(engine, container)
        elif again:
            schedule(engine, container, next_backoff(container.backoff_ns, ran_ns))


async def _release(engine: Engine, container_id: str, monitor: Monitor | None, *, lost: bool) -> None:
    """The exit is durable: the monitor may go, and the bundle with it."""
    if lost:
        try:
            await bulk(end_lost_run, engine.config.bundle_folder(container_id))
        except OSError as error:
            log.error("the monitor of container %s was killed, and what it left does not end: %s", container_id, error)
    elif monitor is not None:
        try:
            await monitor.finish()
        except Unavailable:
            # It was killed in this moment; its container had ended before.
            pass
    await engine.launcher.forget(container_id)


def _after(before: ContainerState, exit: Exit, again: bool) -> ContainerState:
    return msgspec.structs.replace(
        before,
        phase="restarting" if again else "exited",
        pid=0,
        exit_code=exit.code,
        error="",
        oom_killed=exit.oom_killed,
        paused=False,
        held=False,
        health=ended_health(before.health),
        endpoints=[],
        ports=[],
        finished_ns=exit.finished_ns or now_ns(),
        restart_count=before.restart_count + again,
    )
