"""The zygote: a small process that forks monitors.

It has everything imported that a monitor needs, frozen out of the garbage collector's sight, and only receives, forks
and closes, so that its pages stay shared with every monitor. It also holds the API's listening sockets, which so keep
their inode while the daemon is away.

Requests (op): `hello`, `keep` (a named descriptor to hold), `start` (fork a monitor; the first descriptor is its
connection to the daemon), `retire` (give nothing new out; end).
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys

from boxship import __version__
from boxship.kernel import process as kernel
from boxship.shim import monitor, wire
from boxship.shim.logs import json_file, local
from boxship.shim.rehearsal import rehearse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# A zygote of another version is replaced: its monitors would not understand this daemon's plans.
IDENTITY = f"{__version__}/{wire.PROTOCOL}/{sys.version_info[0]}.{sys.version_info[1]}"


class Zygote:
    """Serves one daemon at a time on `listener`."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._kept: dict[str, int] = {}
        self._retired = False

    def run(self) -> None:
        while not self._retired:
            try:
                daemon = self._listener.accept()[0]
            except OSError:
                continue
            self._serve(daemon)
            daemon.close()

    def _serve(self, daemon: socket.socket) -> None:
        while not self._retired:
            try:
                received = wire.receive(daemon)
            except OSError:
                return
            if received is None:
                return
            message, fds = received
            try:
                self._handle(daemon, message, fds)
            except OSError:
                # The daemon went away in mid-answer.
                return

    def _handle(self, daemon: socket.socket, message: dict[str, Any], fds: list[int]) -> None:
        operation = message["op"]
        if operation == "start":
            self._fork(daemon, message, fds)
            return
        if operation == "keep":
            old = self._kept.pop(message["name"], -1)
            if old >= 0:
                os.close(old)
            self._kept[message["name"]] = fds.pop(0)
        elif operation == "drop":
            old = self._kept.pop(message["name"], -1)
            if old >= 0:
                os.close(old)
        elif operation == "retire":
            self._retired = True
        for fd in fds:
            os.close(fd)
        answer = {"identity": IDENTITY, "pid": os.getpid(), "kept": list(self._kept)}
        wire.send(daemon, answer, list(self._kept.values()) if operation == "hello" else ())

    def _fork(self, daemon: socket.socket, message: dict[str, Any], fds: list[int]) -> None:
        pid = os.fork()
        if pid:
            for fd in fds:
                os.close(fd)
            return
        # The monitor: nothing of the zygote's may stay open in it.
        status = 1
        try:
            daemon.close()
            self._listener.close()
            for fd in self._kept.values():
                os.close(fd)
            link = socket.socket(fileno=fds.pop(0))
            monitor.main(message, link, fds)
            status = 0
        except BaseException as error:
            os.write(2, f"boxship monitor {message.get('bundle')}: {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(status)


def main(listener_fd: int, folder: str) -> None:
    """Serve until retired. listener_fd: a listening SOCK_SEQPACKET socket; folder: the instance's run folder."""
    kernel.set_name("boxship-zygote")
    # Monitors are reaped by the kernel.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Named here so that they are loaded before the fork, not in each monitor.
    _ = (json_file, local)
    rehearse(folder)
    gc.collect()
    gc.freeze()
    gc.disable()
    Zygote(socket.socket(fileno=listener_fd)).run()
