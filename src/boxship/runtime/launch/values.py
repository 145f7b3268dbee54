"""What goes into a launch and what comes out of it."""

import socket
from dataclasses import dataclass, field
from typing import Any

from boxship.lib.errors import BoxshipError
from boxship.lib.logframe import LogTarget
from boxship.model.container import AttachOptions

# A hijacked connection, the bytes already read from it, what it wants. The callee owns the socket from then on.
Attach = tuple[socket.socket, bytes, AttachOptions]


@dataclass(frozen=True, slots=True)
class StartRequest:
    """One run of a container. spec: an OCI runtime spec; size: (rows, columns) of its terminal.

    seccomp_program: the file of the compiled filter, "" for none. systemd: the cgroupsPath names a slice and a scope.
    runtime: the command line of another OCI runtime, () for the built-in one. held: sockets that the monitor keeps open
    while the container runs; the caller closes its own. note: what the monitor gives back to a daemon that comes later.
    """

    container_id: str
    spec: dict[str, Any]
    log: LogTarget
    tty: bool = False
    open_stdin: bool = False
    stdin_once: bool = False
    attachments: tuple[Attach, ...] = ()
    size: tuple[int, int] | None = None
    seccomp_program: str = ""
    systemd: bool = False
    runtime: tuple[str, ...] = ()
    held: tuple[socket.socket, ...] = ()
    note: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExecRequest:
    """One more process in a running container. process: the OCI spec's `process`. kept: the monitor remembers how it
    ended.
    """

    exec_id: str
    process: dict[str, Any]
    tty: bool = False
    open_stdin: bool = False
    size: tuple[int, int] | None = None
    seccomp_program: str = ""
    kept: bool = True


@dataclass(slots=True)
class ExecState:
    """An exec as its monitor knows it; exit_code is None while it runs. kept: as in ExecRequest."""

    exec_id: str
    pid: int = 0
    running: bool = False
    exit_code: int | None = None
    process: dict[str, Any] = field(default_factory=dict)
    kept: bool = True


class WorkFailed(BoxshipError):
    """A job failed in its worker. kind: the error's class there; errno: the kernel's, 0 for none."""

    def __init__(self, kind: str, errno: int, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.errno = errno


@dataclass(frozen=True, slots=True)
class Exit:
    """How a run ended. code: 0 to 255, 128 + n for signal n; execs: the last state of its execs."""

    code: int
    oom_killed: bool
    finished_ns: int
    execs: tuple[ExecState, ...] = ()
