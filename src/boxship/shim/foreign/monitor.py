"""The monitor of a container that another OCI runtime makes.

As the built-in one, but for how processes come to be: by `create`, `start` and `exec` of the runtime. Their first
processes become children of this one when the runtime's process ends, since it is their subreaper.
"""

from __future__ import annotations

import os
import time

from boxship.kernel import process as kernel
from boxship.lib.plainjson import decode
from boxship.shim.execs import Execs
from boxship.shim.foreign.bundle import prepare_bundle, propagates
from boxship.shim.foreign.command import Call, Runtime
from boxship.shim.foreign.console import ConsoleSession
from boxship.shim.foreign.execs import ForeignExecs
from boxship.shim.monitor import Monitor
from boxship.shim.processes import Process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ADOPTED_CHECK = 5.0


class ForeignMonitor(Monitor):
    """One run of one container by the runtime that the request names."""

    def _make_execs(self) -> Execs:
        self._runtime = Runtime(self._request["runtime"], self._bundle)
        self._foreign_execs = ForeignExecs(
            self._loop,
            self._runtime,
            bundle=self._bundle,
            spool_folder=self._request["spool_folder"],
            tell=self._control.tell,
            idle=self._maybe_leave,
        )
        return self._foreign_execs

    def _start(self) -> None:
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        with open(f"{self._bundle}/config.json", "rb", buffering=0) as file:
            spec: dict[str, Any] = decode(file.readall())
        session = self._open_session(
            lambda *values, **options: ConsoleSession(self._bundle, "console", *values, **options)
        )
        assert isinstance(session, ConsoleSession)
        stdio = session.child_side()
        words = ["create", "--bundle", self._bundle, "--pid-file", "pid", *session.words, self._runtime.container_id]
        call = self._runtime.begin(
            "create",
            words,
            program=spec["process"]["args"][0],
            fds=stdio.fds,
            propagates=propagates(spec),
            prepare=lambda: prepare_bundle(self._bundle, tuple(self._request["size"])),
        )
        session.forked()
        call.watch(self._loop, lambda status: self._created(call, status, session))

    def _created(self, call: Call, status: int, session: ConsoleSession) -> None:
        failure = call.failure(status)
        if failure:
            session.give_up()
            self._fail(failure)
            return
        with open(f"{self._bundle}/pid", "rb", buffering=0) as file:
            pid = int(file.readall())
        self._init = Process("", pid, session, {})
        self._pidfd = os.pidfd_open(pid)
        self._attach(session)
        call = self._runtime.begin("start", ["start", self._runtime.container_id])
        call.watch(self._loop, lambda status: self._started(call, status))

    def _started(self, call: Call, status: int) -> None:
        process = self._init
        assert process is not None
        failure = call.failure(status)
        if failure:
            self._fail(failure)
            return
        process.running = True
        process.started_ns = time.time_ns()
        self._foreign_execs.first = process.pid
        self._control.listen()
        self._control.tell({"event": "started", "pid": process.pid, "time": process.started_ns})
        self._memory.begin()
        # Not before: it may have ended by now, and its start is told first.
        process.pidfd = self._loop.on_end(process.pid, self._init_ended)
        self._loop.after(_ADOPTED_CHECK, self._reap_adopted)

    def _reap_adopted(self) -> None:
        if self._foreign_execs.starting:
            # A process that the runtime has just made is not known yet.
            self._loop.after(_ADOPTED_CHECK, self._reap_adopted)
            return
        super()._reap_adopted()

    def _clean(self) -> None:
        try:
            cgroup = self._cgroup()
            if cgroup is not None:
                # Of a call that was ended, what it had begun.
                cgroup.kill_all()
            self._runtime.delete()
        except OSError as error:
            # No more processes: the bundle goes with what the runtime keeps there, the group is removed here.
            self._complain("delete the container", error)
        super()._clean()
