"""Execs: more processes in a monitor's container."""

from __future__ import annotations

import _socket
import errno
import os
import time

from boxship.kernel.cgroup.entry import close_group, open_group
from boxship.kernel.process import fork_with_namespaces
from boxship.shim import child
from boxship.shim.guard import Guard, may_trace, stay_outside
from boxship.shim.loop import IN, Loop
from boxship.shim.processes import Process, exit_code, leftover
from boxship.shim.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Message = dict[str, Any]

_FAILED = "OCI runtime exec failed: exec failed: unable to start container process: "
# How long, in seconds, an exit code is kept for a daemon that asks.
_KEPT = 300.0
# What Docker's clients get as exit code of an exec that could not start.
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127


class Execs:
    """The execs of one run, ended ones included: their exit codes are kept for some minutes, or not at all where the
    daemon says so, as of health checks. The state that a daemon reads stays small thereby.
    """

    def __init__(
        self,
        loop: Loop,
        *,
        spool_folder: str,
        cgroup: str,
        tell: Callable[[Message], None],
        idle: Callable[[], None],
        group: str = "",
    ) -> None:
        """cgroup: the control group's path in each hierarchy; group: its folder where v2 is used, else ""."""
        self._loop = loop
        self._spool_folder = spool_folder
        self._cgroup = cgroup
        self._group = group
        self._tell = tell
        self._idle = idle
        self._guarded = False
        self._next_sweep = 0.0
        self.processes: dict[str, Process] = {}

    def guard(self) -> None:
        """The container has processes that may trace others, or a pid namespace with such: see shim/guard.py."""
        stay_outside()
        self._guarded = True

    def start(self, message: Message, fds: list[int], pidfd: int) -> None:
        """Carry out an `exec` request in the container of `pidfd`; the answer follows when the program runs."""
        exec_id: str = message["exec"]
        attach: Message = message.get("attach") or {}
        session = self._open_session(message, Session)
        sock = _socket.socket(fileno=fds.pop(0)) if attach else None
        early = leftover(attach, fds)
        stdio = session.child_side()
        report, report_end = os.pipe2(os.O_CLOEXEC)
        if not self._guarded and may_trace(message["process"]):
            # This one, too, is in the way of those that come after it.
            self.guard()
        pids, pids_end = os.pipe2(os.O_CLOEXEC) if self._guarded else (-1, -1)
        group = open_group(self._group)
        pid = fork_with_namespaces(0, group)
        if pid == 0:
            guard = Guard(pids_end, message["tty"]) if self._guarded else None
            child.join(message["process"], pidfd, self._cgroup, stdio, report_end, guard=guard)
        os.close(report_end)
        close_group(group)
        process = Process(exec_id, pid, session, message["process"])
        os.set_blocking(report, False)
        process.report = report
        self._remember(process, message)
        session.forked()
        session.on_idle = self._idle
        sequence = message.get("seq", 0)

        def gone_in(_: int) -> None:
            self._follow(process, pids)

        def reported(_: int) -> None:
            if process.report < 0 or not process.report_is_whole():
                return
            self._follow(process, pids)
            process.failure = process.take_report(self._loop)
            if sock is not None:
                # A client hears of a failure, too: `_ended` tells it.
                session.attach(sock, b"" if process.failure else early, attach)
            # Not before: the program may have written by now, and the client is to see it.
            session.read()
            if process.failure:
                self._tell({"re": sequence, **process.failure})
                return
            process.running = True
            self._tell({"re": sequence, "pid": process.pid})

        process.on_report = reported
        self._loop.watch(report, IN, reported)
        if not self._guarded:
            process.pidfd = self._loop.on_end(pid, lambda status: self._ended(process, status))
            return
        os.close(pids_end)
        os.set_blocking(pids, False)
        self._loop.watch(pids, IN, gone_in)
        process.pidfd = self._loop.on_end(pid, lambda status: self._left_outside(process, pid, pids, status))

    def _remember(self, process: Process, message: Message) -> None:
        process.kept = message.get("kept", True)
        self.processes[process.exec_id] = process
        now = time.monotonic()
        if now < self._next_sweep:
            return
        self._next_sweep = now + _KEPT / 5
        for other in list(self.processes.values()):
            if other.ended and other.ended < now - _KEPT and other.session.idle:
                del self.processes[other.exec_id]

    def _follow(self, process: Process, pids: int) -> None:
        """The process that goes into the pid namespace takes the place of the one that stayed outside."""
        if pids < 0 or process.inside:
            return
        try:
            told = os.read(pids, 32)
        except BlockingIOError:
            return
        self._loop.forget(pids)
        os.close(pids)
        process.inside = True
        if told:
            process.pid = int(told)
            process.pidfd = self._loop.on_end(process.pid, lambda status: self._ended(process, status))

    def _left_outside(self, process: Process, pid: int, pids: int, status: int) -> None:
        # Its last act is to tell whom it has cloned; without that, its own end is the end.
        self._follow(process, pids)
        if process.pid == pid:
            self._ended(process, status)

    def _open_session(self, message: Message, kind: Callable[..., Session]) -> Session:
        """The streams of an exec; kind: the class, or what makes one."""
        exec_id: str = message["exec"]
        return kind(
            self._loop,
            tty=message["tty"],
            open_stdin=message["open_stdin"],
            stdin_once=True,
            size=tuple(message["size"]),
            log=None,
            spool_folder=self._spool_folder,
            on_detach=lambda: self._tell({"event": "detached", "exec": exec_id}),
        )

    def _ended(self, process: Process, status: int) -> None:
        process.dead = True
        process.on_report(IN)
        process.running = False
        process.exit_code = exit_code(status)
        if process.failure:
            code = process.failure.get("errno")
            process.exit_code = _NOT_EXECUTABLE if code == errno.EACCES else _NOT_FOUND
            # Names of files that are no text are in it as they came.
            process.session.announce(f"{self._words(process.failure)}\r\n".encode(errors="replace"))
        # Before the stream ends: docker exec asks for the code as soon as it sees that end.
        self._tell({"event": "exec_exited", "exec": process.exec_id, "code": process.exit_code})
        process.session.process_ended()
        process.ended = time.monotonic()
        if not process.kept:
            self.processes.pop(process.exec_id, None)

    def _words(self, failure: Message) -> str:
        return f"{_FAILED}{failure['message']}"

    def container_ended(self) -> None:
        """Members of the container's pid namespace are dead by now, those of the host's were killed by cgroup."""
        for process in list(self.processes.values()):
            if process.exit_code is None:
                self._loop.forget(process.pidfd)
                os.close(process.pidfd)
                self._ended(process, os.waitpid(process.pid, 0)[1])
