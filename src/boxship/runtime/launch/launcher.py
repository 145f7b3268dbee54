"""The launcher: has monitors forked by the zygote, and finds the running ones again."""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine, Sequence
from concurrent import futures
from pathlib import Path
from typing import Any, TypeVar

from boxship.kernel.cgroup import Cgroup, Layout
from boxship.kernel.cgroup.watch import LayoutWatch
from boxship.kernel.process import CLONE_NEWPID
from boxship.kernel.topdir import make_top_folder
from boxship.lib.bridge import bulk, quick
from boxship.lib.errors import BoxshipError, Unavailable
from boxship.lib.plainjson import encode
from boxship.runtime.launch.bundle import end_scope, read_exit, remove_bundle, write_bundle
from boxship.runtime.launch.monitor import Monitor, pack_attach
from boxship.runtime.launch.values import Attach, Exit, StartRequest
from boxship.runtime.launch.work import Work
from boxship.runtime.launch.zygote import Zygote
from boxship.shim import wire
from boxship.shim.guard import may_trace

_MOST_HELD = 48
"""Sockets that go to a monitor with its start (shim/wire.py has the limit of one message)."""

T = TypeVar("T")


class Launcher:
    """One instance's runs. Belongs to one event loop; `run_root` is the instance's run folder."""

    def __init__(self, run_root: Path) -> None:
        self._run_root = str(run_root)
        self._zygote = Zygote(self._run_root)
        self._monitors: dict[str, Monitor] = {}

    async def connect(self) -> None:
        """Find the zygote of this instance, or start one. BoxshipError when that fails."""
        self._loop = asyncio.get_running_loop()
        self._layouts = LayoutWatch()
        make_top_folder(f"{self._run_root}/c", 0o711)
        await self._zygote.connect()

    @property
    def zygote_pid(self) -> int:
        """The zygote's pid."""
        return self._zygote.pid

    async def listener(self, path: str, *, mode: int = 0o660, group: int = -1) -> socket.socket:
        """The listening API socket at `path`: the one the zygote holds, else a new one that it holds from now on."""
        return await self._zygote.listener(path, mode=mode, group=group)

    async def retire(self) -> None:
        """No container runs and the daemon ends in order: the zygote goes, too. See `Zygote.retire`."""
        await self._zygote.retire()

    async def close(self) -> None:
        """Let go of the zygote's connection; it and the monitors live on."""
        self._zygote.close()
        self._layouts.close()

    def bundle(self, container_id: str) -> str:
        """The folder of a container's run."""
        return f"{self._run_root}/c/{container_id}"

    async def start(self, request: StartRequest) -> Monitor:
        """Start a container; returns when its program runs. StepFailed when a step fails."""
        return (await self.start_made(request.container_id, lambda: request, request.attachments))[1]

    async def start_made(
        self, container_id: str, make: Callable[[], StartRequest], attachments: Sequence[Attach]
    ) -> tuple[StartRequest, Monitor]:
        """As `start`, with a request that is still to be made (`make` blocks): in the thread that writes its bundle.

        attachments: those of the request, this one's from now on.
        """
        previous = self._monitors.pop(container_id, None)
        if previous is not None:
            # Its cgroup and its bundle are still its own; clients that it still serves don't matter.
            await previous.cleaned.wait()
        bundle = self.bundle(container_id)
        try:
            layout = self._layouts.current()
            request, operations = await quick(_make_and_write, make, bundle, layout)
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except BaseException:
            for sock, _, _ in attachments:
                sock.close()
            raise
        monitor = await self._launch(request, bundle, operations, layout, (ours, theirs))
        return request, monitor

    async def _launch(
        self,
        request: StartRequest,
        bundle: str,
        operations: dict[str, Any],
        layout: Layout,
        link: tuple[socket.socket, socket.socket],
    ) -> Monitor:
        ours, theirs = link
        fds = [theirs.fileno()]
        attachments = []
        for attach in request.attachments:
            more, value = pack_attach(attach)
            fds += more
            attachments.append(value)
        message = {
            "op": "start",
            "bundle": bundle,
            "namespaces": operations["namespaces"],
            "staged": "staged" in operations,
            "pid_namespace": dict(operations["join"]).get(CLONE_NEWPID, ""),
            "cgroup": operations["cgroup"]["path"],
            "log": request.log.to_json(),
            "spool_folder": os.path.dirname(request.log.path) or bundle,
            "tty": request.tty,
            "open_stdin": request.open_stdin,
            "stdin_once": request.stdin_once,
            "size": request.size or (0, 0),
            "attachments": attachments,
            "note": request.note,
        }
        if operations["cgroup"]["path"]:
            message |= _groups(operations["cgroup"], layout)
        shared_pids = message["pid_namespace"]
        if shared_pids or (operations["namespaces"] & CLONE_NEWPID and may_trace(request.spec["process"])):
            # Whose processes may trace others, or meets such: execs take a longer way in.
            message["guarded"] = True
        if request.runtime:
            message["runtime"] = (*request.runtime, *(("--systemd-cgroup",) if request.systemd else ()))
        monitor = Monitor(request.container_id, ours)
        # Behind all others: what no attachment takes, the monitor keeps.
        held = [sock.fileno() for sock in request.held[:_MOST_HELD]]
        try:
            await self._zygote.fork(message, [*fds, *held])
        finally:
            theirs.close()
            sockets = {sock.fileno(): sock for sock, _, _ in request.attachments}
            for fd in fds[1:]:
                if fd not in sockets:
                    os.close(fd)
            for sock in sockets.values():
                sock.close()
        try:
            await monitor.started()
        except BaseException:
            await monitor.cleaned.wait()
            await self.forget(request.container_id)
            raise
        self._monitors[request.container_id] = monitor
        return monitor

    async def begin(
        self, job: str, arguments: dict[str, Any], fds: list[int], view: dict[str, Any] | None = None
    ) -> Work:
        """Have a worker do a job. view: of a container's files (shim/view.py); without it the first descriptor is the
        root. The descriptors stay the caller's. Unavailable without a zygote.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        message = {"op": "work", "job": job, "arguments": arguments}
        if view is not None:
            message["view"] = view
        try:
            with theirs:
                await self._zygote.fork(message, [theirs.fileno(), *fds])
        except BaseException:
            ours.close()
            raise
        return Work(ours)

    async def work(self, job: str, arguments: dict[str, Any], fds: list[int]) -> Any:
        """Have a worker do a job; its result. fds: the root it is confined to, then what the job wants.

        WorkFailed with the error of the job; Unavailable when the worker was killed.
        """
        work = await self.begin(job, arguments, fds)
        try:
            return await work.result()
        finally:
            work.end()

    def work_from_thread(self, job: str, arguments: dict[str, Any], fds: list[int]) -> Any:
        """`work` for code that blocks in a thread of the pools."""
        return self._from_thread(self.work(job, arguments, fds))

    def begin_from_thread(self, job: str, arguments: dict[str, Any], fds: list[int]) -> Work:
        """`begin` for such code; its result by `result_from_thread`, its end by `end_from_thread`."""
        return self._from_thread(self.begin(job, arguments, fds))

    def result_from_thread(self, work: Work) -> Any:
        """`Work.result` for such code."""
        return self._from_thread(work.result())

    def end_from_thread(self, work: Work) -> None:
        """`Work.end` for such code; it does not wait."""
        try:
            self._loop.call_soon_threadsafe(work.end)
        except RuntimeError:
            pass  # the loop has ended, and the worker with its connections

    def _from_thread(self, coroutine: Coroutine[Any, Any, T]) -> T:
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
        except (RuntimeError, futures.CancelledError):
            coroutine.close()
            raise Unavailable("the daemon ends") from None

    async def adopt(self, container_id: str) -> Monitor | Exit | None:
        """What became of a container that a former daemon started: its monitor, its exit, or nothing known."""
        bundle = self.bundle(container_id)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            wire.connect_in(sock, bundle, "monitor.sock")
        except OSError:
            sock.close()
            return await quick(read_exit, bundle)
        monitor = Monitor(container_id, sock)
        try:
            await monitor.started()
        except BoxshipError:
            # It ended between the connection and its first word.
            return await quick(read_exit, bundle)
        self._monitors[container_id] = monitor
        return monitor

    async def forget(self, container_id: str) -> None:
        """The exit is recorded: remove the bundle as soon as its monitor is done with it."""
        monitor = self._monitors.pop(container_id, None)
        if monitor is not None:
            await monitor.cleaned.wait()
        bundle = self.bundle(container_id)
        if scope := await quick(remove_bundle, bundle):
            await bulk(end_scope, bundle, scope)


def _make_and_write(
    make: Callable[[], StartRequest], bundle: str, layout: Layout
) -> tuple[StartRequest, dict[str, Any]]:
    request = make()
    return request, write_bundle(bundle, request, layout)


def _groups(cgroup: dict[str, Any], layout: Layout) -> dict[str, Any]:
    """What the monitor shall not have to look for: the `layout`, as JSON text; the folders `group` of v2, for a clone
    straight into it (`scope`: not before systemd has made it), and `memory`, in which it hears of kills; on v1 only of
    a group that has a limit, or whose parent may.
    """
    group = Cgroup(cgroup["path"], layout)
    # One string in the monitor's memory, not the dozens that are in it.
    found: dict[str, Any] = {"layout": encode(layout.to_json()).decode()}
    if "scope" in cgroup:
        found["scope"] = True
    if layout.version == 2:
        found["group"] = group.folders[0][1]
    limited = (cgroup["resources"].get("memory") or {}).get("limit") or not group.path.startswith("/boxship/")
    if "memory" in layout.controllers and (layout.version == 2 or limited):
        found["memory"] = group.folder("memory")
    return found
