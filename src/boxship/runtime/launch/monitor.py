"""A running container, as its monitor tells it."""

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any

from boxship.lib.errors import NotFound, StepFailed
from boxship.model.container import AttachOptions
from boxship.runtime.launch.link import Link, Message
from boxship.runtime.launch.values import Attach, ExecRequest, ExecState, Exit


class Monitor:
    """The daemon's handle on one run. `exited` resolves when the container has ended and its log is whole;
    `cleaned` when its cgroup and mounts are gone, too.
    """

    def __init__(self, container_id: str, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self.container_id = container_id
        self.pid = 0
        self.started_ns = 0
        self.execs: dict[str, ExecState] = {}
        self.exited: asyncio.Future[Exit] = loop.create_future()
        self.cleaned = asyncio.Event()
        self.out_of_memory = False
        # What the start was asked with, of a run that a former daemon began.
        self.note: Message = {}
        self.on_out_of_memory: Callable[[], None] = lambda: None
        self.on_exec_exit: Callable[[str, int], None] = lambda exec_id, code: None
        self.on_detach: Callable[[str], None] = lambda exec_id: None
        self._started: asyncio.Future[Message] = loop.create_future()
        self._link = Link(sock, self._event, self._closed)

    async def started(self) -> None:
        """Wait until the container's program runs. StepFailed with the step that failed."""
        message = await self._started
        if message["event"] == "failed":
            raise _step_failed(message)
        self.pid = message["pid"]
        self.started_ns = message["time"]

    def _event(self, message: Message, fds: list[int]) -> None:
        for fd in fds:
            os.close(fd)
        event = message.get("event")
        if event in ("started", "failed", "state"):
            if event == "state":
                self.out_of_memory = bool(message.get("out_of_memory"))
                self.note = message.get("note") or {}
                self.execs = {state.exec_id: state for state in exec_states(message)}
                if message["exit"] is not None:
                    self._exit(message["exit"])
            if not self._started.done():
                self._started.set_result(message)
        elif event == "exited":
            self._exit(message)
        elif event == "exec_exited":
            state = self.execs.get(message["exec"])
            if state is not None:
                state.running = False
                state.exit_code = message["code"]
                if not state.kept:
                    del self.execs[state.exec_id]
            self.on_exec_exit(message["exec"], message["code"])
        elif event == "out_of_memory":
            self.out_of_memory = True
            self.on_out_of_memory()
        elif event == "cleaned":
            self.cleaned.set()
        elif event == "detached":
            self.on_detach(message.get("exec", ""))

    def _exit(self, message: Message) -> None:
        if not self.exited.done():
            self.exited.set_result(
                Exit(message["code"], message["oom_killed"], message["time"], tuple(self.execs.values()))
            )

    def _closed(self) -> None:
        self.cleaned.set()
        if not self._started.done():
            text = "the monitor ended before the container had started; its message is in zygote.log of the run folder"
            failure = {"event": "failed", "step": "monitor", "errno": 0, "path": "", "message": text}
            self._started.set_result(failure)
        if not self.exited.done() and self.pid:
            # The monitor was killed; its container died with it or is lost.
            self._exit({"code": 137, "oom_killed": False, "time": 0})

    async def signal(self, number: int, exec_id: str = "") -> None:
        """Send a signal to the container's first process, or to an exec and all of its session that it has not moved
        elsewhere; nothing to do when it has ended. NotFound for an exec that the monitor does not know.
        """
        await self._request({"op": "signal", "signal": number, **({"exec": exec_id} if exec_id else {})})

    def forget_exec(self, exec_id: str) -> None:
        """How that exec ended need not be known any more."""
        self.execs.pop(exec_id, None)

    async def resize(self, height: int, width: int, exec_id: str = "") -> None:
        """The terminal's size in characters. NotFound for an exec that the monitor does not know."""
        await self._request({"op": "resize", "height": height, "width": width, "exec": exec_id})

    async def attach(self, sock: socket.socket, leftover: bytes, options: AttachOptions) -> None:
        """Hand a connection over; the monitor serves it from then on."""
        fds, value = pack_attach((sock, leftover, options))
        try:
            await self._request({"op": "attach", **value}, fds)
        finally:
            release(fds, sock)

    async def exec(self, request: ExecRequest, attach: Attach | None) -> int:
        """Start one more process; its pid in the host's numbering. StepFailed when it can't start.

        The attached client hears of a failure, too, as Docker's clients expect.
        """
        fds: list[int] = []
        message: Message = {
            "op": "exec",
            "exec": request.exec_id,
            "process": request.process | {"seccompProgram": request.seccomp_program},
            "tty": request.tty,
            "open_stdin": request.open_stdin,
            "size": request.size or (0, 0),
            "kept": request.kept,
        }
        if attach is not None:
            fds, message["attach"] = pack_attach(attach)
        state = self.execs[request.exec_id] = ExecState(request.exec_id, process=request.process, kept=request.kept)
        state.running = True
        try:
            answer = await self._link.request(message, fds)
        except BaseException:
            state.running = False
            raise
        finally:
            if attach is not None:
                release(fds, attach[0])
        if "pid" not in answer:
            state.running = False
            raise _step_failed(answer)
        state.pid = answer["pid"]
        return state.pid

    async def finish(self) -> None:
        """The exit is recorded: the monitor may go as soon as its clients have taken everything."""
        if not self._link.closed:
            await self._link.request({"op": "release"})

    async def _request(self, message: Message, fds: list[int] | None = None) -> None:
        answer = await self._link.request(message, fds or ())
        if answer.get("errno"):
            raise NotFound(answer["message"])


def _step_failed(message: Message) -> StepFailed:
    return StepFailed(
        message.get("step", ""), message.get("errno", 0), message.get("path", ""), message.get("message", "")
    )


def exec_states(message: Message) -> list[ExecState]:
    """The execs of a monitor's state message."""
    return [
        ExecState(
            value["exec"], value["pid"], value["running"], value["code"], value["process"], value.get("kept", True)
        )
        for value in message["execs"]
    ]


def pack_attach(attach: Attach) -> tuple[list[int], dict[str, Any]]:
    """Descriptors and JSON for one attachment; bytes already read travel in a memfd, after the socket."""
    sock, leftover, options = attach
    fds = [sock.fileno()]
    if leftover:
        memfd = os.memfd_create("leftover", os.MFD_CLOEXEC)
        view = memoryview(leftover)
        while view:
            view = view[os.write(memfd, view) :]
        fds.append(memfd)
    value = {
        "stdin": options.stdin,
        "stdout": options.stdout,
        "stderr": options.stderr,
        "detach_keys": options.detach_keys.hex(),
        "leftover": bool(leftover),
    }
    if options.framed is not None:
        value["framed"] = options.framed
    return fds, value


def release(fds: list[int], sock: socket.socket) -> None:
    """Close this side's copies after they were sent."""
    for fd in fds:
        if fd != sock.fileno():
            os.close(fd)
    sock.close()
