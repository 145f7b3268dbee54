"""docker start."""

import asyncio
import logging
from dataclasses import astuple
from functools import partial

import msgspec

from boxship.engine.container.failure import StartFailure, explain
from boxship.engine.container.joining import joined_namespaces
from boxship.engine.container.launching import named_as_joined, network_owner, start_request
from boxship.engine.container.notify import publish
from boxship.engine.container.register import Container
from boxship.engine.container.remove import take_away
from boxship.engine.engine import Engine
from boxship.engine.network.attach import Sandbox, attach, detach
from boxship.engine.network.names import tell_alive
from boxship.engine.supervise.exits import watch
from boxship.engine.supervise.verdict import begun
from boxship.lib.bridge import quick
from boxship.lib.errors import BoxshipError, Conflict, NotModified
from boxship.model.container import ContainerState
from boxship.runtime.launch import Attach

log = logging.getLogger("boxship.engine")

COPY_WAIT = 10.0
"""Seconds that a start waits for copies into or out of the container."""


async def start(engine: Engine, ref: str) -> None:
    """Start a container that does not run.

    NotModified when it runs. When its process cannot be started: InvalidParameter where the command is at fault
    (its exit code is 126 or 127 then), BoxshipError else (128), worded as runc words it; the reason also stands in
    the container's state.
    """
    await start_container(engine, engine.containers.get(ref))


async def start_container(engine: Engine, container: Container) -> None:
    """`start` for a container at hand, by hand: the restart policy begins anew."""
    if container.paused:
        raise Conflict("cannot start a paused container, try unpause instead")
    if container.running:
        raise NotModified(f"container {container.name} is running")
    if container.retry is not None:
        container.retry.cancel()
        container.retry = None
    container.backoff_ns = 0
    await engine.whole(_start(engine, container, 0))


async def start_again(engine: Engine, container: Container) -> None:
    """The next try of a restart policy, or its start when the daemon starts. Nothing to do when it runs."""
    if not container.running:
        await engine.whole(_start(engine, container, container.state.restart_count))


async def _start(engine: Engine, container: Container, restart_count: int) -> None:
    async with container.lock:
        if container.running:
            raise NotModified(f"container {container.name} is running")
        if container.removing:
            raise Conflict("container is marked for removal and cannot be started")
        if container.leaving is not None:
            # The former run's monitor still has the cgroup and the bundle.
            await asyncio.wait({container.leaving})
        await _outlast_copies(container)
        attachments, container.pending = tuple(container.pending), []
        container.starting = True
        try:
            await _run(engine, container, restart_count, attachments)
        finally:
            container.starting = False


async def _outlast_copies(container: Container) -> None:
    """A copy that is under way goes first, as with Docker; one that does not move on is ended."""
    if container.copies:
        try:
            await asyncio.wait_for(container.copies.finished(), COPY_WAIT)
        except TimeoutError:
            container.copies.end()


async def _run(engine: Engine, container: Container, restart_count: int, attachments: tuple[Attach, ...]) -> None:
    sandbox = Sandbox()
    try:
        joined = joined_namespaces(engine, container)
        container.record = named_as_joined(engine, container.record)
        owner = network_owner(engine, container.record)
        sandbox = await attach(engine, container)
        container.record = msgspec.structs.replace(container.record, memberships=sandbox.memberships)
        make = partial(
            start_request, engine, container.record, joined, attachments, sandbox, size=container.size, owner=owner
        )
        request, monitor = await engine.launcher.start_made(container.id, make, attachments)
    except (BoxshipError, OSError) as error:
        await detach(engine, container.id, sandbox.endpoints, sandbox.published)
        for sock, _, _ in attachments:
            sock.close()
        raise await _failed(engine, container, explain(error, container.name)) from error
    except BaseException:
        # A fault of ours; whoever is attached must not wait for a container that never runs.
        for sock, _, _ in attachments:
            sock.close()
        await detach(engine, container.id, sandbox.endpoints, sandbox.published)
        raise
    finally:
        # The container's processes and its monitor hold them now.
        sandbox.close()
    container.no_restart = False
    container.filter_program = request.seccomp_program
    container.set_state(
        ContainerState(
            phase="running",
            pid=monitor.pid,
            started_ns=monitor.started_ns,
            finished_ns=container.state.finished_ns,
            restart_count=restart_count,
            health=begun(container.record.config, container.state.health),
            endpoints=sandbox.endpoints,
            ports=[astuple(one) for one in sandbox.published],
        )
    )
    await engine.containers.save(container)
    if any(endpoint.resolver for endpoint in sandbox.endpoints):
        try:
            await quick(tell_alive, engine, container)
        except BoxshipError as error:
            # It runs, and is to be watched; its resolver goes with the exit that the daemon sees.
            log.error("container %s: %s", container.name, error)
    publish(engine, container, "start")
    watch(engine, container, monitor)


async def _failed(engine: Engine, container: Container, failure: StartFailure) -> BoxshipError:
    """Record a start that did not come off; an --rm container goes. What the client is told."""
    phase = "created" if container.state.started_ns == 0 else "exited"
    container.set_state(
        msgspec.structs.replace(
            container.state, phase=phase, pid=0, exit_code=failure.exit_code, error=failure.error.message
        )
    )
    if container.record.host.auto_remove and not container.keep:
        container.removing = True
        await engine.containers.forget(container)
        await take_away(engine, container)
    else:
        await engine.containers.save(container)
    return failure.error
