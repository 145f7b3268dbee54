"""The monitor: one small process beside each running container.

It starts the container, owns its streams and log, starts execs, reports the exit, and outlives the daemon. Its
connection to the daemon may break and come back: what happened meanwhile is in its state, and after its end in
`exit.json` of the bundle.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import errno
import os
import time

from boxship.kernel import process as kernel
from boxship.kernel.cgroup import Cgroup, Layout, detect
from boxship.lib.logframe import LogTarget
from boxship.lib.plainjson import decode, encode
from boxship.shim import wire
from boxship.shim.control import Control
from boxship.shim.execs import Execs
from boxship.shim.failure import Failed
from boxship.shim.first import fork_first
from boxship.shim.logs import open_log
from boxship.shim.loop import IN, Loop
from boxship.shim.memory import MemoryWatch
from boxship.shim.processes import Process, exit_code, leftover
from boxship.shim.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from boxship.shim.become import Stdio

    Message = dict[str, Any]

# How long, in seconds, a monitor whose container has ended waits for clients that still have output to take.
_LINGER = 600.0
# How often it looks for orphans that became its children.
_ADOPTED_CHECK = 5.0
_STATE_FILE = "exit.json"


class Monitor:
    """One run of one container. `run` returns when there is nothing left to do."""

    def __init__(
        self,
        request: Message,
        link: _socket.socket,
        attachments: list[int],
        fork: Callable[[Message, Stdio, int], int] = fork_first,
    ) -> None:
        """request: the daemon's start message; link: its connection; attachments: clients' sockets and memfds, then
        sockets that keep the container's ports while it runs.

        fork: starts the first process (shim/first.py).
        """
        self._request = request
        self._fork = fork
        self._bundle: str = request["bundle"]
        self._attachments = attachments
        self._loop = Loop()
        self._control = Control(
            self._loop, link, self._bundle, answer=self._answer, state=self._state, lost=self._maybe_leave
        )
        self._execs = self._make_execs()
        self._memory = MemoryWatch(
            self._loop, request.get("memory", ""), lambda: self._control.tell({"event": "out_of_memory"})
        )
        self._init: Process | None = None
        self._pidfd = -1
        self._mount_namespace = -1
        self._exit: Message | None = None
        self._released = False

    def _make_execs(self) -> Execs:
        return Execs(
            self._loop,
            spool_folder=self._request["spool_folder"],
            cgroup=self._request["cgroup"],
            group=self._request.get("group", ""),
            tell=self._control.tell,
            idle=self._maybe_leave,
        )

    def run(self) -> None:
        try:
            self._start()
        except Failed as failed:
            self._fail(failed.report)
        except Exception as error:
            code = error.errno if isinstance(error, OSError) and error.errno else 0
            self._fail({"step": "prepare", "errno": code, "path": "", "message": f"prepare the container: {error}"})
        self._loop.run()
        self._control.drop()
        self._loop.close()

    # -- start

    def _start(self) -> None:
        request = self._request
        if not request["namespaces"] & kernel.CLONE_NEWPID:
            # Without a pid namespace of the container's own, its orphans would go to the machine's init.
            kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        session = self._open_session(Session)
        stdio = session.child_side()
        report, report_end = os.pipe2(os.O_CLOEXEC)
        pid = self._fork(request, stdio, report_end)
        os.close(report_end)
        process = self._init = Process("", pid, session, {})
        process.pidfd = self._loop.on_end(pid, self._init_ended)
        # One of its own: the loop closes its when the container ends.
        self._pidfd = os.pidfd_open(pid)
        session.forked()
        self._attach(session)
        os.set_blocking(report, False)
        process.report = report
        process.on_report = self._init_reported
        self._loop.watch(report, IN, self._init_reported)

    def _open_session(self, kind: Callable[..., Session]) -> Session:
        """The streams of the first process; kind: the class, or what makes one."""
        request = self._request
        return kind(
            self._loop,
            tty=request["tty"],
            open_stdin=request["open_stdin"],
            stdin_once=request["stdin_once"],
            size=tuple(request["size"]),
            log=open_log(LogTarget.from_json(request["log"])),
            spool_folder=request["spool_folder"],
            on_detach=lambda: self._control.tell({"event": "detached"}),
        )

    def _attach(self, session: Session) -> None:
        """The clients that came with the request see all output, so they are served before any is read."""
        for options in self._request["attachments"]:
            sock = _socket.socket(fileno=self._attachments.pop(0))
            session.attach(sock, leftover(options, self._attachments), options)
        session.read()
        session.on_idle = self._maybe_leave

    def _init_reported(self, _: int) -> None:
        process = self._init
        if process is None or process.report < 0 or not process.report_is_whole():
            return
        failure = process.take_report(self._loop)
        if failure:
            self._fail(failure)
            return
        process.running = True
        try:
            # Held so that the last unmount of the container's tree stays out of the path that reports the exit.
            self._mount_namespace = os.open(f"/proc/{process.pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
            if self._request["namespaces"] & kernel.CLONE_NEWPID:
                # Children of the monitor (execs) are born in the container's pid namespace from now on.
                kernel.setns(self._pidfd, kernel.CLONE_NEWPID)
            else:
                self._loop.after(_ADOPTED_CHECK, self._reap_adopted)
            if self._request.get("guarded"):
                self._execs.guard()
        except OSError:
            # The container has ended already: there is nothing to hold, and there will be no exec.
            pass
        self._control.listen()
        self._control.tell({"event": "started", "pid": process.pid, "time": process.started_ns})
        self._memory.begin()

    def _fail(self, failure: Message) -> None:
        """The container did not start: report it and go."""
        process = self._init
        if process is not None:
            self._loop.forget(process.pidfd)
            try:
                os.kill(process.pid, _signal.SIGKILL)
                os.waitpid(process.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                # Reaped before its report was read.
                pass
            process.session.process_ended()
            process.session.drop_clients()
        else:
            for fd in self._attachments:
                os.close(fd)
        self._control.tell({"event": "failed", **failure})
        self._clean()
        self._released = True
        self._loop.stop()

    # -- the daemon's requests

    def _state(self) -> Message:
        assert self._init is not None
        return {
            "protocol": wire.PROTOCOL,
            "pid": self._init.pid,
            "time": self._init.started_ns,
            "execs": [process.state() for process in self._execs.processes.values()],
            "out_of_memory": self._memory.kills > 0,
            "exit": self._exit,
            "note": self._request.get("note"),
        }

    def _answer(self, message: Message, fds: list[int]) -> Message | None:
        """Carry out one request; its answer, None when that comes later."""
        operation = message["op"]
        if operation == "release":
            self._released = True
            self._maybe_leave()
            return {}
        running = self._init is not None and self._init.running
        if operation == "exec" and running:
            self._execs.start(message, fds, self._pidfd)
            return None
        name = message.get("exec", "")
        process = self._init if not name else self._execs.processes.get(name)
        if process is None or operation == "exec":
            for fd in fds:
                os.close(fd)
            return {"errno": errno.ESRCH, "step": operation, "message": "the container is not running"}
        if operation == "signal":
            if process.running:
                # An exec leads a session: what it has started there goes with it.
                os.kill(-process.pid if name else process.pid, message["signal"])
        elif operation == "resize":
            process.session.resize(message["height"], message["width"])
        elif operation == "attach":
            sock = _socket.socket(fileno=fds.pop(0))
            process.session.attach(sock, leftover(message, fds), message)
        else:
            return {"errno": errno.ENOSYS, "message": f"unknown operation {operation}"}
        return {}

    # -- ends

    def _init_ended(self, status: int) -> None:
        process = self._init
        assert process is not None
        # It may have ended before its report was read.
        process.dead = True
        self._init_reported(IN)
        if self._released:
            return
        process.running = False
        process.exit_code = exit_code(status)
        finished = time.time_ns()
        cgroup = self._cgroup()
        if cgroup is not None:
            # Members of the host's pid namespace outlive the first process.
            cgroup.kill_all()
        process.session.process_ended()
        self._execs.container_ended()
        self._memory.end()
        # Its ports are free from now on.
        while self._attachments:
            os.close(self._attachments.pop())
        killed = self._memory.kills > 0 or (cgroup is not None and cgroup.oom_killed())
        self._exit = {"code": process.exit_code, "oom_killed": killed, "time": finished}
        self._save()
        self._control.tell({"event": "exited", **self._exit})
        self._clean()
        self._loop.after(_LINGER, self._loop.stop)
        self._maybe_leave()

    def _save(self) -> None:
        """Keep the exit for a daemon that is not there now."""
        temporary = f"{self._bundle}/{_STATE_FILE}.new"
        try:
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(fd, encode(self._state()))
            finally:
                os.close(fd)
            os.rename(temporary, f"{self._bundle}/{_STATE_FILE}")
        except OSError as error:
            # The run folder is full or gone; a daemon that is connected hears of the exit anyway.
            self._complain("keep the exit", error)

    def _maybe_leave(self) -> None:
        if self._exit is None or self._init is None:
            return
        sessions = [self._init.session, *(process.session for process in self._execs.processes.values())]
        if all(session.idle for session in sessions) and (self._released or not self._control.connected):
            self._loop.stop()

    def _clean(self) -> None:
        """What takes the kernel time, after everybody has been told. The bundle is not touched any more after it."""
        self._control.stop_listening()
        for fd in (self._mount_namespace, self._pidfd):
            if fd >= 0:
                os.close(fd)
        self._mount_namespace = self._pidfd = -1
        cgroup = self._cgroup()
        if cgroup is not None:
            try:
                cgroup.remove()
            except OSError as error:
                # Somebody else put a process in; the daemon's next boot tries again.
                self._complain("remove the control group", error)
        self._control.tell({"event": "cleaned"})

    def _cgroup(self) -> Cgroup | None:
        path = self._request["cgroup"]
        if not path:
            return None
        layout = self._request.get("layout")
        return Cgroup(path, Layout.from_json(decode(layout)) if layout else detect())

    def _reap_adopted(self) -> None:
        """In the host's pid namespace the container's orphans become children of the monitor (a subreaper)."""
        self._loop.after(_ADOPTED_CHECK, self._reap_adopted)
        own = {process.pid for process in (self._init, *self._execs.processes.values()) if process is not None}
        with open(f"/proc/self/task/{os.getpid()}/children", "rb", buffering=0) as file:
            for pid in map(int, file.readall().split()):
                if pid not in own:
                    os.waitpid(pid, os.WNOHANG)

    def _complain(self, what: str, error: OSError) -> None:
        os.write(2, f"boxship monitor {self._bundle}: {what}: {error}\n".encode())


def main(request: Message, link: _socket.socket, fds: list[int]) -> None:
    """What the zygote's fork runs."""
    os.setsid()
    kernel.set_name("boxship-monitor")
    # The machine's shutdown ends containers through the daemon; SIGHUP and SIGINT are ignored since the zygote.
    kernel.ignore_signals(_signal.SIGTERM)
    kernel.default_signals(_signal.SIGCHLD)
    if "runtime" in request:
        # Imported where it is used: monitors of the built-in runtime stay as small as they are.
        from boxship.shim.foreign.monitor import ForeignMonitor

        ForeignMonitor(request, link, fds).run()
    else:
        Monitor(request, link, fds).run()
