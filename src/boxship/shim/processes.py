"""One process that a monitor started: the container's first one, or an exec."""

from __future__ import annotations

import os
import time

from boxship.lib.plainjson import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from boxship.shim.loop import Loop
    from boxship.shim.session import Session


_LONGEST_REPORT = 1 << 20


class Process:
    """exec_id: "" for the first one; report: the pipe on which a failed start is told, -1 once it was read.

    kept: it is remembered after its end, which was at `ended` (seconds of the monotonic clock).
    """

    def __init__(self, exec_id: str, pid: int, session: Session, spec: dict[str, Any]) -> None:
        self.exec_id = exec_id
        self.pid = pid
        self.pidfd = -1
        self.session = session
        self.spec = spec
        self.report = -1
        self._told = b""
        # Of an exec through shim/guard.py: `pid` is that of the process in the container's pid namespace.
        self.inside = False
        self.dead = False
        self.on_report: Callable[[int], None] = lambda _: None
        self.failure: dict[str, Any] | None = None
        self.running = False
        self.started_ns = 0
        self.exit_code: int | None = None
        self.ended = 0.0
        self.kept = True

    def report_is_whole(self) -> bool:
        """Read what the child has told so far, without waiting: another process of the container may have stopped it.

        Whole when the child has closed its end, by its exec or its death.
        """
        try:
            while piece := os.read(self.report, 65536):
                if len(self._told) < _LONGEST_REPORT:
                    self._told += piece
        except BlockingIOError:
            return self.dead
        return True

    def take_report(self, loop: Loop) -> dict[str, Any] | None:
        """What the child reported, once that is whole: None when its program runs."""
        loop.forget(self.report)
        os.close(self.report)
        self.report = -1
        self.started_ns = time.time_ns()
        return _failure(self._told) if self._told else None

    def state(self) -> dict[str, Any]:
        return {
            "exec": self.exec_id,
            "pid": self.pid,
            "running": self.running,
            "code": self.exit_code,
            "process": self.spec,
            "kept": self.kept,
        }


def _failure(told: bytes) -> dict[str, Any]:
    # Where the container may trace, it may have spoken for the child.
    try:
        report = decode(told)
        failure = {name: str(report[name]) for name in ("step", "path", "message")}
        return failure | {"errno": int(report["errno"])}
    except (ValueError, TypeError, KeyError):
        return {"step": "start", "path": "", "message": "it ended in the middle of its start", "errno": 0}


def exit_code(status: int) -> int:
    """A wait status as the shell tells it: 128 + n for signal n."""
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def leftover(options: dict[str, Any], fds: list[int]) -> bytes:
    """The bytes that came with an attachment, from the memfd that travels after its socket."""
    if not options.get("leftover"):
        return b""
    memfd = fds.pop(0)
    try:
        return os.pread(memfd, os.fstat(memfd).st_size, 0)
    finally:
        os.close(memfd)
