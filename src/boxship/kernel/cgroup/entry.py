"""The folder of a cgroup v2 group, opened so that a process can be cloned straight into it.

Entering v2 by writing cgroup.procs waits for an RCU period (15 ms); clone3(2) with CLONE_INTO_CGROUP does not.
"""

from __future__ import annotations

import os


def open_group(folder: str, *, make: bool = False) -> int:
    """A descriptor of the group's folder, for `process.fork_with_namespaces`; -1 where there is none to enter so.

    folder: "" for none. make: it and its parents, where they are not there. Its limits are the business of who enters.
    """
    if not folder:
        return -1
    try:
        if make:
            os.makedirs(folder, 0o755, exist_ok=True)
        return os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        # The first process tries again and reports what is wrong with which file.
        return -1


def close_group(fd: int) -> None:
    """Let go of what `open_group` gave."""
    if fd >= 0:
        os.close(fd)
