"""The launcher: finds or starts the zygote, has monitors forked, and finds the running ones again."""

import asyncio
import json
import os
import resource
import shutil
import socket
from pathlib import Path
from typing import Any

import msgspec

from boxship.kernel.cgroup import Cgroup, detect
from boxship.kernel.process import CLONE_NEWPID
from boxship.kernel.topdir import make_top_folder
from boxship.lib.bridge import quick
from boxship.lib.errors import BoxshipError, Unavailable
from boxship.runtime.launch.link import Message
from boxship.runtime.launch.monitor import Monitor, exec_states, pack_attach
from boxship.runtime.launch.ready import writable
from boxship.runtime.launch.spawn import spawn_zygote
from boxship.runtime.launch.values import Exit, StartRequest
from boxship.runtime.launch.work import Work, receive
from boxship.shim import wire
from boxship.shim.plan import plan
from boxship.shim.zygote import IDENTITY


class Launcher:
    """One instance's zygote. Belongs to one event loop; `run_root` is the instance's run folder."""

    def __init__(self, run_root: Path) -> None:
        self._run_root = str(run_root)
        self._zygote: socket.socket | None = None
        self._kept: dict[str, int] = {}
        self._lock = asyncio.Lock()
        self._monitors: dict[str, Monitor] = {}
        # The daemon raises its own limit later; containers get the one that it was started with, as with Docker.
        self._open_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.zygote_pid = 0

    def bundle(self, container_id: str) -> str:
        """The folder of a container's run."""
        return f"{self._run_root}/c/{container_id}"

    # -- the zygote

    async def connect(self) -> None:
        """Find the zygote of this instance, or start one. BoxshipError when that fails."""
        self._loop = asyncio.get_running_loop()
        self._layout = detect()
        make_top_folder(f"{self._run_root}/c", 0o711)
        found = self._try_connect()
        if found is not None:
            hello, fds = await self._hello(found)
            self._kept = dict(zip(hello["kept"], fds, strict=True))
            if hello["identity"] == IDENTITY:
                self._zygote, self.zygote_pid = found, hello["pid"]
                return
            # Another version: its monitors live on, its sockets move over, it forks nothing more.
            await self._exchange(found, {"op": "retire"})
            found.close()
        await self._spawn()

    def _try_connect(self) -> socket.socket | None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            wire.connect_in(sock, self._run_root, "zygote.sock")
        except OSError:
            sock.close()
            return None
        sock.setblocking(False)
        return sock

    async def _spawn(self) -> None:
        path = f"{self._run_root}/zygote.sock"
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            wire.bind_in(listener, self._run_root, "zygote.sock")
            os.chmod(path, 0o600)
            listener.listen(16)
            pid = spawn_zygote(listener, self._run_root, self._open_files)
        log = f"{self._run_root}/zygote.log"
        sock = self._try_connect()
        if sock is None:
            raise BoxshipError(f"the zygote (pid {pid}) does not take connections; its messages are in {log}")
        try:
            hello, _ = await asyncio.wait_for(self._hello(sock), 30)
        except (TimeoutError, Unavailable):
            raise BoxshipError(f"the zygote (pid {pid}) did not come up; its messages are in {log}") from None
        self._zygote, self.zygote_pid = sock, hello["pid"]
        # What a former zygote held.
        for name, fd in self._kept.items():
            await self._exchange(sock, {"op": "keep", "name": name}, [fd])

    async def _hello(self, sock: socket.socket) -> tuple[Message, list[int]]:
        return await self._exchange(sock, {"op": "hello"})

    async def _exchange(
        self, sock: socket.socket | None, message: Message, fds: list[int] | None = None
    ) -> tuple[Message, list[int]]:
        if sock is None:
            raise Unavailable("the zygote is not there")
        try:
            wire.send(sock, message, fds or ())
        except OSError as error:
            raise Unavailable(f"the zygote does not answer: {error.strerror}") from None
        return await receive(sock, "the zygote")

    async def listener(self, path: str, *, mode: int = 0o660, group: int = -1) -> socket.socket:
        """The listening API socket at `path`: the one the zygote holds, else a new one that it holds from now on."""
        name = f"unix:{path}"
        kept = self._kept.get(name, -1)
        if kept >= 0:
            if os.path.exists(path):
                return socket.socket(fileno=os.dup(kept))
            # Somebody removed the file: nobody could reach that socket any more.
            os.close(self._kept.pop(name))
        folder, base = os.path.split(path)
        os.makedirs(folder, mode=0o755, exist_ok=True)
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        old_mask = os.umask(0o177)
        try:
            wire.bind_in(sock, folder, base)
        finally:
            os.umask(old_mask)
        os.chown(path, -1, group)
        os.chmod(path, mode)
        sock.listen(4096)
        self._kept[name] = os.dup(sock.fileno())
        async with self._lock:
            await self._exchange(self._zygote, {"op": "keep", "name": name}, [sock.fileno()])
        return sock

    # -- containers

    async def start(self, request: StartRequest) -> Monitor:
        """Start a container; returns when its program runs. StepFailed when a step fails."""
        previous = self._monitors.pop(request.container_id, None)
        if previous is not None:
            # Its cgroup and its bundle are still its own; clients that it still serves don't matter.
            await previous.cleaned.wait()
        bundle = self.bundle(request.container_id)
        try:
            operations = await quick(_write_bundle, bundle, request)
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except BaseException:
            for sock, _, _ in request.attachments:
                sock.close()
            raise
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
        }
        if operations["cgroup"]["path"]:
            message |= self._groups(operations["cgroup"]["path"], request.spec["linux"].get("resources") or {})
        if request.runtime:
            message["runtime"] = request.runtime
        monitor = Monitor(request.container_id, ours)
        try:
            await self._send_fork(message, fds)
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

    def _groups(self, path: str, resources: dict[str, Any]) -> dict[str, str]:
        """The folders that the monitor uses without having to look for them: `group` of v2, for a clone straight into
        it, and `memory`, in which it hears of kills; on v1 only of a group that has a limit, or whose parent may.
        """
        group = Cgroup(path, self._layout)
        folders = {}
        if self._layout.version == 2:
            folders["group"] = group.folders[0][1]
        limited = (resources.get("memory") or {}).get("limit") or not group.path.startswith("/boxship/")
        if "memory" in self._layout.controllers and (self._layout.version == 2 or limited):
            folders["memory"] = group.folder("memory")
        return folders

    async def _send_fork(self, message: Message, fds: list[int]) -> None:
        """A start is one message without an answer; a zygote that has died is replaced once."""
        async with self._lock:
            for attempt in range(2):
                try:
                    if self._zygote is None:
                        raise BrokenPipeError
                    await self._send(self._zygote, message, fds)
                    return
                except (BrokenPipeError, ConnectionResetError):
                    if attempt:
                        raise Unavailable("the zygote does not stay alive; see zygote.log") from None
                    if self._zygote is not None:
                        self._zygote.close()
                        self._zygote = None
                    await self._spawn()

    @staticmethod
    async def _send(sock: socket.socket, message: Message, fds: list[int]) -> None:
        while True:
            try:
                wire.send(sock, message, fds)
                return
            except BlockingIOError:
                await writable(sock)

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
                await self._send_fork(message, [theirs.fileno(), *fds])
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
        return asyncio.run_coroutine_threadsafe(self.work(job, arguments, fds), self._loop).result()

    async def adopt(self, container_id: str) -> Monitor | Exit | None:
        """What became of a container that a former daemon started: its monitor, its exit, or nothing known."""
        bundle = self.bundle(container_id)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            wire.connect_in(sock, bundle, "monitor.sock")
        except OSError:
            sock.close()
            return await quick(_read_exit, bundle)
        monitor = Monitor(container_id, sock)
        try:
            await monitor.started()
        except BoxshipError:
            # It ended between the connection and its first word.
            return await quick(_read_exit, bundle)
        self._monitors[container_id] = monitor
        return monitor

    async def forget(self, container_id: str) -> None:
        """The exit is recorded: remove the bundle as soon as its monitor is done with it."""
        monitor = self._monitors.pop(container_id, None)
        if monitor is not None:
            await monitor.cleaned.wait()
        await quick(shutil.rmtree, self.bundle(container_id), ignore_errors=True)

    async def retire(self) -> None:
        """No container runs and the daemon ends in order: the zygote goes, too, and its sockets with it, so that
        clients are told at once that nobody is there. Monitors that still serve a client end by themselves.
        """
        names = list(self._kept)
        try:
            await self._exchange(self._zygote, {"op": "retire"})
        except Unavailable:
            # It is gone already.
            pass
        for path in (f"{self._run_root}/zygote.sock", *(name.removeprefix("unix:") for name in names)):
            try:
                os.unlink(path)
            except FileNotFoundError:
                # Somebody else has cleaned up.
                pass

    async def close(self) -> None:
        """Let go of the zygote's connection; it and the monitors live on."""
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None


def _write_bundle(bundle: str, request: StartRequest) -> dict[str, Any]:
    shutil.rmtree(bundle, ignore_errors=True)
    os.makedirs(bundle, mode=0o700)
    spec = request.spec
    os.makedirs(spec["root"]["path"], exist_ok=True)
    if request.runtime:
        # What can't be planned here, another runtime may know.
        cgroup = {"path": spec["linux"].get("cgroupsPath", "")}
        operations = {"namespaces": 0, "join": (), "cgroup": cgroup}
    else:
        operations = plan(spec, seccomp_program=request.seccomp_program)
    for name, value in (("config.json", spec), ("plan.json", operations)):
        fd = os.open(f"{bundle}/{name}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, msgspec.json.encode(value))
        finally:
            os.close(fd)
    return operations


def _read_exit(bundle: str) -> Exit | None:
    try:
        with open(f"{bundle}/exit.json", "rb") as file:
            state: dict[str, Any] = json.load(file)
    except (OSError, ValueError):
        return None
    value = state["exit"]
    return Exit(value["code"], value["oom_killed"], value["time"], tuple(exec_states(state)))
