"""The zygote: a small process that forks monitors.

It has everything imported that a monitor needs, frozen out of the garbage collector's sight, and only receives, forks
and closes, so that its pages stay shared with every monitor. It also holds the API's listening sockets, which so keep
their inode while the daemon is away.

Requests (op): `hello`, `keep` (a named descriptor to hold), `start` and `work` (fork a monitor or a worker; the first
descriptor is its connection to the daemon), `retire` (give nothing new out; end).
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import gc
import os
import sys

from boxship import __version__
from boxship.kernel import process as kernel
from boxship.shim import monitor, wire, worker
from boxship.shim.logs import json_file, local
from boxship.shim.rehearsal import rehearse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from boxship.shim.worker import Job

# A zygote of another version is replaced: its monitors would not understand this daemon's plans.
IDENTITY = f"{__version__}/{wire.PROTOCOL}/{sys.version_info[0]}.{sys.version_info[1]}"


# How the requests begin that a fork carries out; `op` goes first in them.
FORKING = (b'{"op":"start"', b'{"op":"work"')


class Zygote:
    """Serves one daemon at a time on `listener`."""

    def __init__(self, listener: _socket.socket, jobs: dict[str, Job]) -> None:
        self._listener = listener
        self._jobs = jobs
        self._kept: dict[str, int] = {}
        self._retired = False

    def run(self) -> None:
        while not self._retired:
            try:
                daemon = wire.accept(self._listener)
            except OSError:
                continue
            self._serve(daemon)
            daemon.close()

    def _serve(self, daemon: _socket.socket) -> None:
        while not self._retired:
            try:
                packet = wire.receive_packet(daemon)
                if packet is None:
                    return
                # Only these are ever so large that they come in a memfd.
                if packet[0].startswith((*FORKING, wire.IN_MEMFD)):
                    self._fork(daemon, *packet)
                else:
                    self._handle(daemon, *wire.unpack(*packet))
            except OSError:
                # The daemon went away in mid-request.
                return

    def _handle(self, daemon: _socket.socket, message: dict[str, Any], fds: list[int]) -> None:
        operation = message["op"]
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

    def _fork(self, daemon: _socket.socket, data: bytes, fds: list[int]) -> None:
        """Fork a monitor or a worker. The request is read in it: every page that the zygote touches between two
        forks is one that their monitors do not share.
        """
        if os.fork():
            for fd in fds:
                os.close(fd)
            return
        # Nothing of the zygote's may stay open in here.
        status = 1
        try:
            daemon.close()
            self._listener.close()
            for fd in self._kept.values():
                os.close(fd)
            message, fds = wire.unpack(data, fds)
            link = _socket.socket(fileno=fds.pop(0))
            if message["op"] == "work":
                worker.main(self._jobs, message, link, fds)
            else:
                monitor.main(message, link, fds)
            status = 0
        except BaseException as error:
            os.write(2, f"boxship zygote: child {os.getpid()}: {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(status)


def _load_for_machine() -> None:
    """What a container's first process needs on this machine only: it may import nothing any more."""
    if os.path.isdir("/run/systemd/system"):
        from boxship.kernel.cgroup import scope

        _ = scope
    if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        # For cpu.weight.
        import math

        _ = math


def main(listener_fd: int, folder: str, jobs: dict[str, Job]) -> None:
    """Serve until retired. listener_fd: a listening SOCK_SEQPACKET socket; folder: the instance's run folder; jobs:
    what workers can do, by name.
    """
    kernel.set_name("boxship-zygote")
    kernel.ignore_signals(_signal.SIGINT, _signal.SIGHUP)
    # Named here so that they are loaded before the fork, not in each monitor.
    _ = (json_file, local)
    _load_for_machine()
    rehearse(folder)
    # The kernel reaps the monitors.
    kernel.ignore_signals(_signal.SIGCHLD)
    gc.collect()
    gc.freeze()
    gc.disable()
    Zygote(_socket.socket(fileno=listener_fd), jobs).run()
