"""Starting the daemon for a person who has not: only as root, only for the default socket.

It gets a clean environment, a session and, on cgroup v2, a cgroup of its own, so that neither the person's variables
nor the end of their session reach it. Two clients at once start one daemon: a lock decides.
"""

import os
import sys
import time

from boxship.client.client import Client
from boxship.client.errors import Unreachable

_PATIENCE = 30.0
_EACCES = 13
_CGROUP = "/sys/fs/cgroup"
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/root",
}


def start(client: Client, error: Unreachable) -> None:
    """Start the daemon and connect, or raise the error that led here. Unreachable."""
    if os.geteuid() != 0 or error.errno == _EACCES or not isinstance(client.host.address, str):
        raise error
    folder = os.path.dirname(client.host.address)
    os.makedirs(folder, mode=0o711, exist_ok=True)
    import fcntl

    lock = os.open(f"{folder}/start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            client.connect()  # another client was faster
        except Unreachable:
            log = f"{folder}/daemon.log"
            _await(client, _spawn(log), log)
    finally:
        os.close(lock)


def _spawn(log: str) -> int:
    """Fork and execute the daemon; its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        os.chdir("/")
        os.umask(0o022)
        _own_cgroup()
        null = os.open(os.devnull, os.O_RDWR)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for fd, target in ((null, 0), (output, 1), (output, 2)):
            os.dup2(fd, target)
        os.closerange(3, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 65536 else 65536)
        # -P: never import from the folder that somebody happened to stand in.
        os.execve(sys.executable, [sys.executable, "-P", "-m", "boxship", "daemon"], _ENVIRONMENT)
    finally:
        os._exit(127)


def _own_cgroup() -> None:
    """Leave the caller's cgroup (v2 only: on v1 a session ends without its processes)."""
    if not os.path.exists(f"{_CGROUP}/cgroup.controllers"):
        return
    try:
        os.makedirs(f"{_CGROUP}/boxship.daemon", exist_ok=True)
        fd = os.open(f"{_CGROUP}/boxship.daemon/cgroup.procs", os.O_WRONLY)
        try:
            os.write(fd, b"0")
        finally:
            os.close(fd)
    except OSError:
        pass  # a container without the right to: the caller's cgroup has to do


def _await(client: Client, pid: int, log: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    pause = 0.005
    while True:
        try:
            client.connect()
            return
        except Unreachable:
            pass
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            message = f"the daemon was started and ended at once with exit code {code}\n  its log:   {log}"
            raise Unreachable(client.host.url, 0, message + _tail(log))
        if time.monotonic() > deadline:
            message = (
                f"the daemon (pid {pid}) was started, but does not answer at {client.host.url} after {_PATIENCE:.0f} s"
            )
            raise Unreachable(client.host.url, 0, f"{message}\n  its log:   {log}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def _tail(log: str) -> str:
    try:
        with open(log, "rb") as file:
            lines = file.read()[-4096:].decode("utf-8", "replace").splitlines()[-3:]
    except OSError:
        return ""
    return "".join([f"\n    {line}" for line in lines])
