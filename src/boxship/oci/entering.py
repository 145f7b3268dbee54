"""A process of this command's own inside a container that is there already."""

from __future__ import annotations

import os

from boxship.kernel import process as kernel
from boxship.lib.errors import Conflict, StepFailed, Unsupported
from boxship.lib.plainjson import decode
from boxship.oci.console import Console
from boxship.oci.container import Container, start_time
from boxship.shim import child
from boxship.shim.become import Stdio
from boxship.shim.guard import Guard, may_trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def enter(container: Container, process: dict[str, Any], console: Console, below: str) -> int:
    """Start `process` there; its pid, once its program runs. below: a control group below the container's, "" for its.

    Conflict when the container has ended, StepFailed when the program does not come to run.
    """
    if container.record.get("host_mounts"):
        raise Unsupported(f"container {container.id} has no mount namespace of its own: nothing can be run inside it")
    try:
        pidfd = os.pidfd_open(container.pid)
    except ProcessLookupError:
        raise Conflict(f"container not running: {container.id} has stopped") from None
    if start_time(container.pid) != container.record["start_time"]:
        os.close(pidfd)
        raise Conflict(f"container not running: {container.id} has stopped")
    cgroup = container.record.get("cgroup", "")
    more = _more_namespaces(container.pid)
    report, report_end = os.pipe2(os.O_CLOEXEC)
    stdio = Stdio((0, 1, 2), console.socket, console.size)
    guarded = not container.record.get("own_pids") or may_trace(process) or may_trace(container.spec()["process"])
    pids, pids_end = os.pipe2(os.O_CLOEXEC) if guarded else (-1, -1)
    if not guarded:
        # For children only: the program is then born into the container's pid namespace.
        kernel.setns(pidfd, kernel.CLONE_NEWPID)
    pid = os.fork()
    if pid == 0:
        os.close(report)
        guard = Guard(pids_end, console.socket is not None, process.get("preserveFds", 0)) if guarded else None
        group = f"{cgroup}/{below}" if below else cgroup
        child.join(process, pidfd, group, stdio, report_end, more, guard)
    os.close(report_end)
    os.close(pidfd)
    if guarded:
        os.close(pids_end)
        pid = _inside(pid, pids)
    console.forked()
    told = b""
    while piece := os.read(report, 1 << 16):
        told += piece
    os.close(report)
    if told:
        os.waitpid(pid, 0)
        failure = decode(told)
        raise StepFailed(failure["step"], failure["errno"], failure["path"], failure["message"])
    return pid


def _inside(outside: int, pids: int) -> int:
    """The process that went in, when there is one; else the one that stayed outside, which has failed."""
    told = os.read(pids, 32)
    os.close(pids)
    if not told:
        return outside
    os.waitpid(outside, 0)
    return int(told)


def _more_namespaces(pid: int) -> int:
    """CLONE_NEW* of the namespaces that not every container has, where this one has its own."""
    more = 0
    for name, flag in (("user", kernel.CLONE_NEWUSER), ("time", kernel.CLONE_NEWTIME)):
        try:
            if os.readlink(f"/proc/{pid}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}"):
                more |= flag
        except FileNotFoundError:
            # A kernel without that kind.
            continue
    return more
