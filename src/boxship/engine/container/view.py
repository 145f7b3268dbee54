"""A worker that sees a container's files: shim/view.py says what it sees, this says of which mounts and when."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from boxship.engine.container.files import network_files
from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.lib.bridge import quick
from boxship.lib.errors import BoxshipError, NotFound, Unavailable
from boxship.model.container import ContainerRecord
from boxship.runtime.launch import Work
from boxship.runtime.spec.points import mount_points
from boxship.storage.snapshot.base import OverlayRoot

_GOING = 5.0
"""Seconds that a container whose process is gone may take to be known as ended."""


Use = Literal["read", "write", "compare"]


@asynccontextmanager
async def working(
    engine: Engine,
    container: Container,
    job: str,
    arguments: dict[str, Any],
    fds: list[int],
    *,
    use: Use,
    mounts: bool = True,
) -> AsyncIterator[Work]:
    """A worker that does `job` in the container's view; it ends with the context, or when the container is removed.

    fds: for the job, closed when it has them. use: as in shim/view.py. mounts: with what was asked to be mounted.
    OSError, Unavailable.
    """
    try:
        work = await _begin(engine, container, _Request(job, arguments, fds, use, mounts))
    finally:
        for fd in fds:
            os.close(fd)
    try:
        yield work
    finally:
        work.end()
        container.copies.discard(work)


@dataclass(frozen=True, slots=True)
class _Request:
    job: str
    arguments: dict[str, Any]
    fds: list[int]
    use: Use
    mounts: bool


async def _begin(engine: Engine, container: Container, request: _Request) -> Work:
    while True:
        await container.settled()
        if container.removing:
            raise NotFound(f"No such container: {container.id}")
        if request.use == "compare" or (request.use == "read" and not container.running):
            # These never mount the upperdir as one, so they go beside anything.
            root = await quick(_root, engine, container.record)
            return _hold(container, await _fork(engine, container.record, request, root), holds_root=False)
        if container.running:
            work = await _in_running(engine, container, request)
            if work is not None:
                return work
            # Its process has ended; the exit is about to be recorded.
            await _exit_recorded(container)
            continue
        if container.leaving is not None:
            # The former run's mounts go with its monitor.
            await asyncio.wait({container.leaving})
        await container.copies.finished()
        async with container.lock:
            if container.running or container.removing or container.copies:
                continue
            root = await quick(_root, engine, container.record)
            return _hold(container, await _fork(engine, container.record, request, root), holds_root=True)


def _hold(container: Container, work: Work, *, holds_root: bool) -> Work:
    container.copies.add(work, holds_root)
    return work


async def _in_running(engine: Engine, container: Container, request: _Request) -> Work | None:
    namespace = await quick(_mount_namespace, container.state.pid, container.id)
    if namespace is None:
        return None
    try:
        inside = replace(request, fds=[namespace, *request.fds])
        return _hold(container, await _fork(engine, container.record, inside, None), holds_root=True)
    finally:
        os.close(namespace)


async def _fork(engine: Engine, record: ContainerRecord, request: _Request, root: OverlayRoot | None) -> Work:
    view = {
        "use": request.use,
        "overlay": None if root is None else {"lower": list(root.lower), "upper": root.upper, "work": root.work},
        "place": engine.config.root_folder,
        "mounts": _asked(engine, record) if request.mounts else [],
    }
    return await engine.launcher.begin(request.job, request.arguments, request.fds, view)


async def _exit_recorded(container: Container) -> None:
    exited = container.exits.add()
    try:
        await asyncio.wait({exited}, timeout=_GOING)
    finally:
        exited.cancel()
    if container.running and not os.path.exists(f"/proc/{container.state.pid}"):
        raise Unavailable(f"container {container.name} has ended, but its monitor has not said so yet; try again")
    if container.running:
        raise BoxshipError(f"the files of container {container.name} are out of reach: its root is not the engine's")


def _root(engine: Engine, record: ContainerRecord) -> OverlayRoot:
    root = engine.snapshotter.prepare(record.id, record.diff_ids)
    os.makedirs(engine.config.root_folder, exist_ok=True)
    return replace(root, lower=(*root.lower, engine.config.init_layer))


def _asked(engine: Engine, record: ContainerRecord) -> list[tuple[str, str, bool, bool]]:
    """(source, target, recursive, writable) in the order of mounting. A tmpfs has no source: it lives with a run."""
    points = sorted(mount_points(record.config, record.host), key=lambda point: point.target.count("/"))
    asked = [
        (point.source if point.kind == "bind" else "", point.target, "bind" not in point.options, not point.read_only)
        for point in points
    ]
    targets = {point.target for point in points}
    files = network_files(engine.config.container_folder(record.id))
    own = (("/etc/resolv.conf", files.resolv_conf), ("/etc/hostname", files.hostname), ("/etc/hosts", files.hosts))
    return asked + [(path, target, False, True) for target, path in own if target not in targets]


def _mount_namespace(pid: int, container_id: str) -> int | None:
    """The mount namespace of the container's process; None when that is gone (blocks).

    A pid may be another process's by now, even one of the host's: only one whose root is this container's is taken, and
    everything is read through one descriptor of its folder in /proc.
    """
    try:
        folder = os.open(f"/proc/{pid}", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        namespace = os.open("ns/mnt", os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
        fd = os.open("mountinfo", os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
        with open(fd, "rb") as lines:
            for line in lines:
                fields = line.split(b" ")
                if fields[4] == b"/" and f"/{container_id}/upper".encode() in line:
                    return namespace
    except (FileNotFoundError, ProcessLookupError):
        return None
    finally:
        os.close(folder)
    os.close(namespace)
    return None
