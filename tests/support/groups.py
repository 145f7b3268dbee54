"""Processes in control groups of a test's own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from boxship.kernel.cgroup import Cgroup


def run_in(group: Cgroup, work: Callable[[], int]) -> int:
    """Fork, join the group, do `work`; the pid. The child's exit code is what `work` gives, 99 when it raises."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            for file in group.join_files():
                fd = os.open(file, os.O_WRONLY)
                os.write(fd, b"0")
                os.close(fd)
            code = work()
        finally:
            os._exit(code)
    return pid


def ended(pid: int) -> int:
    """The exit code of a child, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def sleep() -> int:
    time.sleep(60)
    return 0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
