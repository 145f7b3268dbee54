"""Workers: short-lived, confined forks of the zygote for jobs on files that somebody hostile may have made.

A job is a function of archive/ or kernel/ that app registers by name. It runs with the folder it works on as its root
(chroot, or a container's view: shim/view.py), without network, with a handful of capabilities and without a way to gain
more, and it gets what it reads and writes as descriptors. A bug in a job can then damage that folder, not the host.
A worker ends when the daemon lets go of its connection, so nobody's work outlives whoever wanted it.
"""

from __future__ import annotations

import _socket
import fcntl
import os
import resource

from boxship.kernel import process as kernel
from boxship.shim import view, wire
from boxship.shim.child import import_nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Arguments = dict[str, Any]
    # (arguments, the root's descriptor, further descriptors) -> the result, plain JSON
    Run = Callable[[Arguments, int, list[int]], Any]

# What unpacking an image as root takes; SYS_ADMIN is for trusted.* attributes (overlayfs's marks).
_CAPABILITIES = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_MKNOD",
    "CAP_SETFCAP",
    "CAP_SYS_ADMIN",
]
# Bytes of memory that a worker may have of its own, zstd's largest window twice over; open files.
_MOST_MEMORY = 512 << 20
_MOST_FILES = 4096


class Job:
    """run: the job. prepare: gets the arguments before the root is switched, to import what the job will need."""

    __slots__ = ("prepare", "run")

    def __init__(self, run: Run, prepare: Callable[[Arguments], None] | None = None) -> None:
        self.run = run
        self.prepare = prepare


def main(jobs: dict[str, Job], message: dict[str, Any], link: _socket.socket, fds: list[int]) -> None:
    """Carry out one request: `job`, `arguments`, and `view` for a container's files; without a view the first
    descriptor is the root. The answer goes to `link`.

    {"result": …}, or {"failed": the error's class, "errno", "message"}.
    """
    kernel.set_name("boxship-worker")
    _end_with(link)
    try:
        job = jobs[message["job"]]
        arguments = message.get("arguments") or {}
        if job.prepare is not None:
            job.prepare(arguments)
        _seal()
        seen = message.get("view")
        if seen is not None:
            root = view.enter(seen, fds)
        else:
            root = fds.pop(0)
            kernel.unshare(kernel.CLONE_NEWNS)
            os.fchdir(root)
            os.chroot(".")
        _confine()
        answer = {"result": job.run(arguments, root, fds)}
    except Exception as error:
        code = error.errno if isinstance(error, OSError) else None
        answer = {"failed": type(error).__name__, "errno": code or 0, "message": str(error)}
    wire.send(link, answer)


def _end_with(link: _socket.socket) -> None:
    # SIGIO, whose default is to end the process, when the other side hangs up (fcntl(2), F_SETOWN).
    fd = link.fileno()
    fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)


def _seal() -> None:
    # As in a container's first process: no file of the folder may ever be imported.
    import_nothing()
    os.setsid()
    os.umask(0)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, _MOST_MEMORY),
        (resource.RLIMIT_NOFILE, _MOST_FILES),
    ):
        hard = resource.getrlimit(kind)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (limit, limit))


def _confine() -> None:
    # Not the mount namespace: a view has one already, and its descriptors would be left behind in a dying one.
    kernel.unshare(kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS)
    kept = kernel.capability_mask(_CAPABILITIES) & kernel.permitted_mask()
    kernel.drop_bounding(kept)
    kernel.set_capabilities(kept, kept, 0)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
