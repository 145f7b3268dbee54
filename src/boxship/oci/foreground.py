"""Waiting for a process that this command started."""

from __future__ import annotations

import os

from boxship.oci.console import Console
from boxship.oci.terminal import forward_signals, relay


def wait_for(pid: int, console: Console) -> int:
    """Join its terminal, hand signals on, and wait; its exit code as the shell has it (128 + signal)."""
    master = console.master()
    forward_signals(pid, master)
    if master >= 0:
        pidfd = os.pidfd_open(pid)
        relay(master, pidfd)
        os.close(pidfd)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return 128 - code if code < 0 else code
