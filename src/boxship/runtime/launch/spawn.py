"""Starting the zygote: a fresh interpreter that outlives the daemon."""

import fcntl
import os
import socket
import sys

import boxship
from boxship.kernel.process import own_executable_clone

_PROGRAM = "import sys; sys.path.append({path!r}); from boxship.app.zygote import main; main()"
# LD_BIND_NOW: functions of libraries are looked up once and not by each of the processes that are forked (ld.so(8)).
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "LD_BIND_NOW": "1",
}
# Far above what the spawned process uses by number.
_LOW_FDS = 10


def spawn_zygote(listener: socket.socket, run_root: str, open_files: int) -> int:
    """Start a zygote that serves `listener`; its pid. open_files: the soft limit that it and all containers get.

    Its interpreter is a clone on a read-only mount, so that no container can write to the host's through
    /proc/PID/exe. Its messages go to zygote.log in the run folder: a pipe of the daemon's would break with the daemon.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(boxship.__file__)))
    interpreter = os.path.realpath(sys.executable)
    # Isolated, and without site: the zygote imports nothing but the standard library and this package.
    program = _PROGRAM.format(path=package)
    options = ["-I", "-S", "-X", "utf8", "-X", "no_debug_ranges"]
    arguments = [interpreter, *options, "-c", program, "3", run_root, str(open_files)]
    log = os.open(f"{run_root}/zygote.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    socket_fd = fcntl.fcntl(listener.fileno(), fcntl.F_DUPFD_CLOEXEC, _LOW_FDS)
    executable = _executable(interpreter)
    try:
        return os.posix_spawn(
            f"/proc/self/fd/{executable}",
            arguments,
            _ENVIRONMENT,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, null, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
                (os.POSIX_SPAWN_DUP2, socket_fd, 3),
            ],
            setsid=True,
        )
    finally:
        for fd in (log, null, socket_fd, executable):
            os.close(fd)


def _executable(interpreter: str) -> int:
    try:
        clone = own_executable_clone()
    except OSError:
        # A kernel before 5.12, or a sandbox without mounts: a sealed copy in memory serves the same end.
        clone = _sealed_copy(interpreter)
    try:
        return fcntl.fcntl(clone, fcntl.F_DUPFD_CLOEXEC, _LOW_FDS)
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
