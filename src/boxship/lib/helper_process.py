"""A fresh interpreter of ours that outlives the daemon: how the zygote and the dns process come to be."""

import fcntl
import os
import socket
import sys
from collections.abc import Mapping, Sequence

import boxship

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Far above what the spawned process uses by number.
LOW_FDS = 10


def spawn(
    module: str,
    listener: socket.socket,
    log_path: str,
    *,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    executable: str = "",
) -> int:
    """Start `main` of a module of ours, which serves `listener` as descriptor 3; its pid.

    Isolated and without site: it imports nothing but the standard library and this package. Its messages go to a file:
    a pipe of the daemon's would break with the daemon. executable: the interpreter's own, else a path to a copy of it.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(boxship.__file__)))
    interpreter = os.path.realpath(sys.executable)
    program = f"import sys; sys.path.append({package!r}); from {module} import main; main()"
    options = ["-I", "-S", "-X", "utf8", "-X", "no_debug_ranges"]
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    socket_fd = fcntl.fcntl(listener.fileno(), fcntl.F_DUPFD_CLOEXEC, LOW_FDS)
    try:
        return os.posix_spawn(
            executable or interpreter,
            [interpreter, *options, "-c", program, "3", *arguments],
            {"PATH": _PATH, "LANG": "C.UTF-8", **(environment or {})},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, null, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
                (os.POSIX_SPAWN_DUP2, socket_fd, 3),
            ],
            setsid=True,
        )
    finally:
        for fd in (log, null, socket_fd):
            os.close(fd)
