"""Execs by another OCI runtime: `RUNTIME exec --process FILE --detach --pid-file FILE ID`."""

from __future__ import annotations

import _socket
import os

from boxship.shim.execs import Execs
from boxship.shim.foreign.bundle import prepare_exec
from boxship.shim.foreign.command import Runtime
from boxship.shim.foreign.console import ConsoleSession
from boxship.shim.loop import Loop
from boxship.shim.processes import Process, leftover

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Message = dict[str, Any]


class ForeignExecs(Execs):
    """first: the pid of the container's first process, once it runs."""

    def __init__(
        self,
        loop: Loop,
        runtime: Runtime,
        *,
        bundle: str,
        spool_folder: str,
        tell: Callable[[Message], None],
        idle: Callable[[], None],
    ) -> None:
        super().__init__(loop, spool_folder=spool_folder, cgroup="", tell=tell, idle=idle)
        self._runtime = runtime
        self._bundle = bundle
        self._count = 0
        self._pending: dict[int, tuple[Process, Callable[[int], None]]] = {}
        self.first = 0

    @property
    def starting(self) -> bool:
        """Whether a call of the runtime is under way."""
        return bool(self._pending)

    def start(self, message: Message, fds: list[int], pidfd: int) -> None:
        """As `Execs.start`; the process becomes a child of the monitor when the runtime's call has ended."""
        self._count += 1
        name = f"exec{self._count}"
        attach: Message = message.get("attach") or {}
        session = self._open_session(
            message, lambda *values, **options: ConsoleSession(self._bundle, f"{name}.console", *values, **options)
        )
        assert isinstance(session, ConsoleSession)
        sock = _socket.socket(fileno=fds.pop(0)) if attach else None
        early = leftover(attach, fds)
        stdio = session.child_side()
        process = Process(message["exec"], 0, session, message["process"])
        self._remember(process, message)
        paths = {kind: f"{self._bundle}/{name}.{kind}" for kind in ("json", "pid")}
        words = ["exec", "--process", f"{name}.json", "--detach", "--pid-file", f"{name}.pid", *session.words]
        call = self._runtime.begin(
            name,
            [*words, self._runtime.container_id],
            program=message["process"]["args"][0],
            fds=stdio.fds,
            prepare=lambda: prepare_exec(paths["json"], message["process"], self.first, tuple(message["size"])),
        )
        session.forked()
        session.on_idle = self._idle
        sequence = message.get("seq", 0)

        def called(status: int) -> None:
            del self._pending[call.pid]
            process.failure = call.failure(status)
            if not process.failure:
                with open(paths["pid"], "rb", buffering=0) as file:
                    process.pid = int(file.readall())
            for path in paths.values():
                try:
                    os.unlink(path)
                except FileNotFoundError:
                    # The call failed before it was made.
                    pass
            if process.failure:
                session.give_up()
            if sock is not None:
                # A client hears of a failure, too: `_ended` tells it.
                session.attach(sock, b"" if process.failure else early, attach)
            session.read()
            if process.failure:
                self._tell({"re": sequence, **process.failure})
                self._ended(process, status)
                return
            process.running = True
            self._tell({"re": sequence, "pid": process.pid})
            process.pidfd = self._loop.on_end(process.pid, lambda status: self._ended(process, status))

        self._pending[call.pid] = process, called
        process.pidfd = call.watch(self._loop, called)

    def _words(self, failure: Message) -> str:
        if failure["step"] == "runtime":
            return f"OCI runtime exec failed: {failure['message']}"
        return super()._words(failure)

    def container_ended(self) -> None:
        """A call that is under way fails or has made a process that is dead by now: it is waited for first."""
        for pid, (process, called) in list(self._pending.items()):
            self._loop.forget(process.pidfd)
            os.close(process.pidfd)
            called(os.waitpid(pid, 0)[1])
        super().container_ended()
