"""Starting the zygote: a fresh interpreter that outlives the daemon."""

import fcntl
import os
import socket
import sys

from boxship.kernel.process import own_executable_clone
from boxship.lib.helper_process import LOW_FDS, spawn

# Functions of libraries are looked up once and not by each of the processes that are forked (ld.so(8)).
_ENVIRONMENT = {"LD_BIND_NOW": "1"}


def spawn_zygote(listener: socket.socket, run_root: str, open_files: int) -> int:
    """Start a zygote that serves `listener`; its pid. open_files: the soft limit that it and all containers get.

    Its interpreter is a clone on a read-only mount, so that no container can write to the host's through
    /proc/PID/exe. Its messages go to zygote.log in the run folder.
    """
    executable = _executable(os.path.realpath(sys.executable))
    try:
        return spawn(
            "boxship.app.zygote",
            listener,
            f"{run_root}/zygote.log",
            arguments=(run_root, str(open_files)),
            environment=_ENVIRONMENT,
            executable=f"/proc/self/fd/{executable}",
        )
    finally:
        os.close(executable)


def _executable(interpreter: str) -> int:
    try:
        clone = own_executable_clone()
    except OSError:
        # A kernel before 5.12, or a sandbox without mounts: a sealed copy in memory serves the same end.
        clone = _sealed_copy(interpreter)
    try:
        return fcntl.fcntl(clone, fcntl.F_DUPFD_CLOEXEC, LOW_FDS)
    finally:
        os.close(clone)


def _sealed_copy(path: str) -> int:
    memfd = os.memfd_create("python", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with open(path, "rb", buffering=0) as source:
        while piece := source.read(1 << 20):
            os.write(memfd, piece)
    seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
    fcntl.fcntl(memfd, fcntl.F_ADD_SEALS, seals)
    return memfd
