"""The daemon's side of the dns process: found or started, spoken to."""

import os
import socket
import threading
from collections.abc import Callable
from typing import Any

from boxship.lib.errors import BoxshipError
from boxship.lib.helper_process import spawn
from boxship.network.dns.server import IDENTITY
from boxship.shim import wire

Message = dict[str, Any]

_NAME = "dns.sock"
_PATIENCE = 10.0


class DnsProcess:
    """The dns process of the instance with this run folder. Blocks; any thread may call.

    connected: called with its pid, in any thread, each time that it was found or started.
    """

    def __init__(self, run_root: str) -> None:
        self._run_root = run_root
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None
        self.pid = 0
        self.connected: Callable[[int], object] = lambda pid: None

    def find(self) -> list[str]:
        """Connect to the process that a former daemon has left; the ids of its containers, none without one."""
        with self._lock:
            for _ in range(2):
                if self._sock is None and not self._connect():
                    return []
                try:
                    return list(self._exchange({"op": "hello"}, ())["containers"])
                except OSError:
                    # It was killed, and perhaps started again.
                    self._close()
            return []

    def call(self, message: Message, fds: tuple[int, ...] = ()) -> None:
        """Tell the process something, starting it when it is not there: then it knows nothing but this, and the end of
        the former one tells its watcher. BoxshipError when it can't be had.
        """
        with self._lock:
            try:
                if self._sock is None and not self._connect():
                    self._spawn()
                try:
                    answer = self._exchange(message, fds)
                except OSError:
                    # It was killed. One more try.
                    self._close()
                    self._spawn()
                    answer = self._exchange(message, fds)
            except OSError as error:
                raise BoxshipError(f"the dns process can't be had: {error}") from error
            if "failed" in answer:
                raise BoxshipError(f"the dns process refuses {message['op']}: {answer['failed']}")

    def retire(self) -> None:
        """No container is left: the process ends. Nothing to do when it is not there."""
        with self._lock:
            if self._sock is None and not self._connect():
                return
            try:
                self._exchange({"op": "retire"}, ())
            except OSError:
                pass
            self._close()
            try:
                os.unlink(f"{self._run_root}/{_NAME}")
            except FileNotFoundError:
                pass

    def close(self) -> None:
        """Let go of the connection; the process lives on."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _connect(self) -> bool:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            wire.connect_in(sock, self._run_root, _NAME)
            sock.settimeout(_PATIENCE)
            self._sock = sock
            hello = self._exchange({"op": "hello"}, ())
        except OSError:
            sock.close()
            self._sock = None
            return False
        if hello["identity"] != IDENTITY:
            # Another version's: it gives way, and what it knew is told to a new one.
            self._exchange({"op": "retire"}, ())
            self._close()
            return False
        self.pid = hello["pid"]
        self.connected(self.pid)
        return True

    def _spawn(self) -> None:
        path = f"{self._run_root}/{_NAME}"
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            wire.bind_in(listener, self._run_root, _NAME)
            os.chmod(path, 0o600)
            listener.listen(4)
            spawn("boxship.network.dns.server", listener, f"{self._run_root}/dns.log")
        if not self._connect():
            raise BoxshipError(f"the dns process does not come up; its messages are in {self._run_root}/dns.log")

    def _exchange(self, message: Message, fds: tuple[int, ...]) -> Message:
        if self._sock is None:
            raise OSError("no connection")
        wire.send(self._sock, message, fds)
        received = wire.receive(self._sock)
        if received is None:
            raise OSError("the dns process has ended")
        return received[0]
