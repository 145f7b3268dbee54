"""Joining a container whose processes may trace others (CAP_SYS_PTRACE): they see nobody with more rights than theirs.

A process that is not dumpable is safe from those who lack that capability. Where they have it, whoever joins must not
be in their pid namespace before it has given up its rights. So the process that joins stays outside, becomes all that
the program is to be, clones the one that goes in as a sibling of its own (CLONE_PARENT: the monitor gets its exit), and
ends. What goes in has the program's rights, and no descriptor but its streams and the report.
"""

from __future__ import annotations

import fcntl
import os
import termios

from boxship.kernel import process as kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PTRACE = "CAP_SYS_PTRACE"
_MOST_FDS = 1 << 30


def may_trace(process: dict[str, Any]) -> bool:
    """Whether a process of the OCI spec can ever trace those that are not its own."""
    return PTRACE in ((process.get("capabilities") or {}).get("bounding") or ())


def stay_outside() -> None:
    """Have the caller's children born in its own pid namespace again."""
    fd = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        kernel.setns(fd, kernel.CLONE_NEWPID)
    finally:
        os.close(fd)


class Guard:
    """In the process that joins. pids: the pipe that takes the pid of the one that goes in; terminal: it has one.

    keep: how many descriptors from 3 up are the program's.
    """

    def __init__(self, pids: int, terminal: bool, keep: int = 0) -> None:
        self._pids = pids
        self._terminal = terminal
        self._keep = keep

    def go_in(self, report: int) -> None:
        """Return in the process inside; the caller ends. OSError when it can't be, such as for a limit."""
        low, high = sorted((report, self._pids))
        for first, end in ((3 + self._keep, low), (low + 1, high), (high + 1, _MOST_FDS)):
            os.closerange(first, end)
        pid = kernel.fork_with_namespaces(kernel.CLONE_PARENT)
        if pid:
            os.write(self._pids, b"%d" % pid)
            os._exit(0)
        os.close(self._pids)
        os.setsid()
        if self._terminal:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
