"""The monitor: one small process beside each running container.

It starts the container, owns its streams and log, starts execs, reports the exit, and outlives the daemon. Its
connection to the daemon may break and come back: what happened meanwhile is in its state, and after its end in
`exit.json` of the bundle.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from typing import TYPE_CHECKING

from boxship.kernel import process as kernel
from boxship.kernel.cgroup import Cgroup
from boxship.lib.logframe import LogTarget
from boxship.shim import child, wire
from boxship.shim.logs import open_log
from boxship.shim.loop import IN, Loop
from boxship.shim.processes import Process, exit_code
from boxship.shim.session import Session

if TYPE_CHECKING:
    from typing import Any

# How long a monitor whose container has ended waits for clients that still have output to take.
_LINGER = 600.0
_STATE_FILE = "exit.json"


class Monitor:
    """One run of one container. `run` returns when there is nothing left to do."""

    def __init__(self, request: dict[str, Any], link: socket.socket, attachments: list[int]) -> None:
        """request: the daemon's start message; link: its connection; attachments: clients' sockets and memfds."""
        self._request = request
        self._bundle: str = request["bundle"]
        self._link: socket.socket | None = link
        self._loop = Loop()
        self._attachments = attachments
        self._cgroup: Cgroup | None = None
        self._init: Process | None = None
        self._execs: dict[str, Process] = {}
        self._pidfd = -1
        self._mount_namespace = -1
        self._exit: dict[str, Any] | None = None
        self._released = False
        self._listener: socket.socket | None = None

    # -- start

    def run(self) -> None:
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        self._loop.on_child(self._reap)
        assert self._link is not None
        self._link.setblocking(False)
        self._loop.watch(self._link.fileno(), IN, self._from_daemon)
        try:
            self._start()
        except Exception as error:
            code = error.errno if isinstance(error, OSError) and error.errno else 0
            self._fail({"step": "prepare", "errno": code, "path": "", "message": f"prepare the container: {error}"})
        self._loop.run()
        self._drop_link()

    def _start(self) -> None:
        request = self._request
        with open(f"{self._bundle}/plan.json", "rb", buffering=0) as file:
            plan = json.loads(file.read())
        if plan["cgroup"]["path"]:
            self._cgroup = Cgroup.create(plan["cgroup"]["path"], plan["cgroup"]["resources"])
        log = open_log(LogTarget.from_json(request["log"]))
        session = Session(
            self._loop,
            tty=request["tty"],
            open_stdin=request["open_stdin"],
            stdin_once=request["stdin_once"],
            size=tuple(request["size"]),
            log=log,
            spool_folder=request["spool_folder"],
            on_detach=lambda: self._tell({"event": "detached"}),
        )
        stdio = session.child_side()
        report, report_end = os.pipe2(os.O_CLOEXEC)
        for flag, path in plan["join"]:
            if flag == kernel.CLONE_NEWPID:
                # Takes effect on children only.
                fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                kernel.setns(fd, flag)
                os.close(fd)
        pid = kernel.fork_with_namespaces(plan["namespaces"])
        if pid == 0:
            child.init(plan, self._cgroup_folders(), stdio, report_end)
        os.close(report_end)
        self._pidfd = os.pidfd_open(pid)
        session.forked()
        process = self._init = Process("", pid, session, request.get("process", {}))
        self._attach_first(session)
        session.on_idle = self._maybe_leave
        process.report = report
        process.on_report = lambda _: self._init_reported(plan)
        self._loop.watch(report, IN, process.on_report)

    def _attach_first(self, session: Session) -> None:
        for options in self._request["attachments"]:
            sock = socket.socket(fileno=self._attachments.pop(0))
            session.attach(sock, self._leftover(options, self._attachments), options)

    @staticmethod
    def _leftover(options: dict[str, Any], fds: list[int]) -> bytes:
        if not options.get("leftover"):
            return b""
        memfd = fds.pop(0)
        try:
            return os.pread(memfd, os.fstat(memfd).st_size, 0)
        finally:
            os.close(memfd)

    def _init_reported(self, plan: dict[str, Any]) -> None:
        process = self._init
        if process is None or process.report < 0:
            return
        failure = process.take_report(self._loop)
        if failure:
            self._fail(failure)
            return
        process.running = True
        # Held so that the last unmount of the container's tree stays out of the path that reports the exit.
        self._mount_namespace = self._open_namespace(process.pid, "mnt")
        if plan["namespaces"] & kernel.CLONE_NEWPID:
            # Children of the monitor (execs) are born in the container's pid namespace from now on.
            try:
                kernel.setns(self._pidfd, kernel.CLONE_NEWPID)
            except OSError:
                # The container has ended already; there will be no exec.
                pass
        self._listen()
        self._tell({"event": "started", "pid": process.pid, "time": process.started_ns})

    @staticmethod
    def _open_namespace(pid: int, name: str) -> int:
        try:
            return os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            # A container that ended meanwhile has none to hold.
            return -1

    def _fail(self, failure: dict[str, Any]) -> None:
        """The container did not start: report it and go."""
        process = self._init
        if process is not None:
            self._kill(process.pid)
            process.session.process_ended()
            process.session.drop_clients()
        else:
            for fd in self._attachments:
                os.close(fd)
        self._tell({"event": "failed", **failure})
        self._clean()
        self._released = True
        self._loop.stop()

    @staticmethod
    def _kill(pid: int) -> None:
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass

    # -- the daemon

    def _listen(self) -> None:
        """From now on a restarted daemon finds this monitor."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = f"{self._bundle}/monitor.sock"
        wire.bind_in(listener, self._bundle, "monitor.sock")
        os.chmod(path, 0o600)
        listener.listen(4)
        listener.setblocking(False)
        self._listener = listener
        self._loop.watch(listener.fileno(), IN, self._accept)

    def _accept(self, _: int) -> None:
        assert self._listener is not None
        try:
            link = self._listener.accept()[0]
        except OSError:
            return
        self._drop_link()
        link.setblocking(False)
        self._link = link
        self._loop.watch(link.fileno(), IN, self._from_daemon)
        self._tell({"event": "state", **self._state()})

    def _state(self) -> dict[str, Any]:
        assert self._init is not None
        return {
            "protocol": wire.PROTOCOL,
            "pid": self._init.pid,
            "time": self._init.started_ns,
            "execs": [process.state() for process in self._execs.values()],
            "exit": self._exit,
        }

    def _drop_link(self) -> None:
        if self._link is not None:
            self._loop.forget(self._link.fileno())
            self._link.close()
            self._link = None

    def _tell(self, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
        if self._link is None:
            return
        try:
            wire.send(self._link, message, fds)
        except OSError:
            # Gone, or not reading: it will connect again and ask for the state.
            self._drop_link()

    def _from_daemon(self, events: int) -> None:
        assert self._link is not None
        try:
            received = wire.receive(self._link)
        except BlockingIOError:
            return
        except OSError:
            received = None
        if received is None:
            self._drop_link()
            self._maybe_leave()
            return
        message, fds = received
        reply: dict[str, Any] = {"re": message.get("seq", 0)}
        try:
            answer = self._answer(message, fds)
        except OSError as error:
            answer = {"errno": error.errno or 0, "message": os.strerror(error.errno or 0)}
        if answer is not None:
            self._tell(reply | answer)

    def _answer(self, message: dict[str, Any], fds: list[int]) -> dict[str, Any] | None:
        """Carry out one request; its answer, None when that comes later."""
        operation = message["op"]
        if operation == "exec":
            self._start_exec(message, fds)
            return None
        process = self._init if not message.get("exec") else self._execs.get(message["exec"])
        if operation == "release":
            self._released = True
            self._maybe_leave()
            return {}
        if process is None:
            for fd in fds:
                os.close(fd)
            return {"errno": 3, "message": "no such process"}
        if operation == "signal":
            if process.running:
                os.kill(process.pid, message["signal"])
        elif operation == "resize":
            process.session.resize(message["height"], message["width"])
        elif operation == "attach":
            sock = socket.socket(fileno=fds.pop(0))
            process.session.attach(sock, self._leftover(message, fds), message)
        else:
            return {"errno": 38, "message": f"unknown operation {operation}"}
        return {}

    # -- execs

    def _start_exec(self, message: dict[str, Any], fds: list[int]) -> None:
        exec_id = message["exec"]
        sequence = message.get("seq", 0)
        session = Session(
            self._loop,
            tty=message["tty"],
            open_stdin=message["open_stdin"],
            stdin_once=True,
            size=tuple(message["size"]),
            log=None,
            spool_folder=self._request["spool_folder"],
            on_detach=lambda: self._tell({"event": "detached", "exec": exec_id}),
        )
        attach: dict[str, Any] = message.get("attach") or {}
        sock = socket.socket(fileno=fds.pop(0)) if attach else None
        leftover = self._leftover(attach, fds)
        if self._init is None or not self._init.running:
            self._tell({"re": sequence, "errno": 3, "step": "exec", "message": "the container is not running"})
            if sock is not None:
                sock.close()
            return
        stdio = session.child_side()
        report, report_end = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            child.join(message["process"], self._pidfd, self._cgroup_folders(), stdio, report_end)
        os.close(report_end)
        process = Process(exec_id, pid, session, message["process"])
        process.report = report
        self._execs[exec_id] = process
        session.forked()
        session.on_idle = self._maybe_leave

        def reported(_: int) -> None:
            if process.report < 0:
                return
            failure = process.take_report(self._loop)
            if failure:
                # An exec that could not start: its client hears why, as from Docker.
                if sock is not None:
                    session.attach(sock, b"", attach)
                process.failure = failure
                self._kill(pid)
                self._exec_ended(process, 126 if failure.get("errno") == 13 else 127)
                self._tell({"re": sequence, **failure})
                return
            process.running = True
            if sock is not None:
                session.attach(sock, leftover, attach)
            self._tell({"re": sequence, "pid": pid})

        process.on_report = reported
        self._loop.watch(report, IN, reported)

    def _exec_ended(self, process: Process, code: int) -> None:
        process.running = False
        process.exit_code = code
        if process.failure:
            text = "OCI runtime exec failed: exec failed: unable to start container process: "
            process.session.announce(f"{text}{process.failure['message']}\r\n".encode())
        process.session.process_ended()
        self._tell({"event": "exec_exited", "exec": process.exec_id, "code": code})

    # -- ends

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self._init is not None and pid == self._init.pid:
                self._init_ended(status)
                continue
            for process in self._execs.values():
                if process.pid == pid and process.exit_code is None:
                    if process.report >= 0:
                        process.on_report(IN)
                    if process.exit_code is None:
                        self._exec_ended(process, exit_code(status))

    def _init_ended(self, status: int) -> None:
        process = self._init
        assert process is not None
        if process.report >= 0:
            # It ended before its report was read.
            process.on_report(IN)
            if self._released:
                return
        process.running = False
        finished = time.time_ns()
        if self._cgroup is not None:
            # Members of the host's pid namespace outlive the first process.
            self._cgroup.kill_all()
        process.session.process_ended()
        process.exit_code = exit_code(status)
        for other in self._execs.values():
            if other.exit_code is None:
                self._exec_ended(other, self._wait_exec(other))
        self._exit = {
            "code": process.exit_code,
            "oom_killed": self._cgroup is not None and self._cgroup.oom_killed(),
            "time": finished,
        }
        self._save()
        self._tell({"event": "exited", **self._exit})
        self._clean()
        self._loop.after(_LINGER, self._loop.stop)
        self._maybe_leave()

    @staticmethod
    def _wait_exec(process: Process) -> int:
        # Members of the container's pid namespace are dead by now; those of the host's were killed by cgroup.
        try:
            return exit_code(os.waitpid(process.pid, 0)[1])
        except ChildProcessError:
            return 137

    def _save(self) -> None:
        """Keep the exit for a daemon that is not there now."""
        state = self._state()
        temporary = f"{self._bundle}/{_STATE_FILE}.new"
        try:
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(fd, json.dumps(state).encode())
            finally:
                os.close(fd)
            os.rename(temporary, f"{self._bundle}/{_STATE_FILE}")
        except OSError:
            # The run folder is full or gone; a daemon that is connected hears it anyway.
            pass

    def _maybe_leave(self) -> None:
        if self._exit is None or self._init is None:
            return
        sessions = [self._init.session, *(process.session for process in self._execs.values())]
        if all(session.idle for session in sessions) and (self._released or self._link is None):
            self._loop.stop()

    def _clean(self) -> None:
        """What takes the kernel time, after everybody has been told. The bundle is not touched any more after it."""
        if self._listener is not None:
            self._loop.forget(self._listener.fileno())
            self._listener.close()
            self._listener = None
            try:
                os.unlink(f"{self._bundle}/monitor.sock")
            except OSError:
                pass
        for fd in (self._mount_namespace, self._pidfd):
            if fd >= 0:
                os.close(fd)
        self._mount_namespace = self._pidfd = -1
        self._remove_cgroup()
        self._tell({"event": "cleaned"})

    def _cgroup_folders(self) -> list[tuple[str, str]]:
        return self._cgroup.folders if self._cgroup is not None else []

    def _remove_cgroup(self) -> None:
        if self._cgroup is None:
            return
        try:
            self._cgroup.remove()
        except OSError as error:
            # Somebody else put a process in; the daemon's next boot tries again.
            os.write(2, f"boxship monitor {self._bundle}: remove the control group: {error}\n".encode())


def main(request: dict[str, Any], link: socket.socket, fds: list[int]) -> None:
    """What the zygote's fork runs."""
    os.setsid()
    kernel.set_name("boxship-monitor")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Monitor(request, link, fds).run()
