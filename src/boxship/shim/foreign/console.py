"""Streams of a process that another runtime starts: a pty's master comes through a socket in the file system."""

from __future__ import annotations

import _socket
import os

from boxship.shim import wire
from boxship.shim.become import Stdio
from boxship.shim.loop import IN
from boxship.shim.pty import set_size
from boxship.shim.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ConsoleSession(Session):
    """As Session; with a terminal, `--console-socket` takes the socket of this name in the bundle."""

    def __init__(self, bundle: str, name: str, *values: Any, **options: Any) -> None:
        super().__init__(*values, **options)
        self._bundle = bundle
        self._name = name
        self._master = -1
        self._runtime: _socket.socket | None = None

    def child_side(self) -> Stdio:
        if not self._tty:
            return super().child_side()
        listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        wire.bind_in(listener, self._bundle, self._name)
        os.chmod(f"{self._bundle}/{self._name}", 0o600)
        listener.listen(1)
        listener.setblocking(False)
        self._master_from = listener
        return Stdio((-1, -1, -1), None, (0, 0))

    @property
    def words(self) -> list[str]:
        """The options of a create or an exec."""
        return ["--console-socket", self._name] if self._tty else []

    def forked(self) -> None:
        super().forked()
        if self._master_from is not None:
            # An exec's program runs before its call has ended, and is to find its terminal's size.
            self._loop.watch(self._master_from.fileno(), IN, self._connected)

    def read(self) -> None:
        if not self._tty:
            super().read()
            return
        # The runtime's call has ended, so the master is here if there is one.
        self._connected(IN)
        self._arrived(IN)
        self._let_go()
        if self._master >= 0:
            self._use_master(self._master)
            self._master = -1

    def _connected(self, _: int) -> None:
        """runc connects long before it sends: nobody waits for it here."""
        listener, self._master_from = self._master_from, None
        if listener is None:
            return
        self._loop.forget(listener.fileno())
        try:
            self._runtime = wire.accept(listener)
            self._runtime.setblocking(False)
            self._loop.watch(self._runtime.fileno(), IN, self._arrived)
        except BlockingIOError:
            # The runtime failed before it had a terminal.
            pass
        listener.close()
        os.unlink(f"{self._bundle}/{self._name}")

    def _arrived(self, _: int) -> None:
        if self._runtime is None:
            return
        try:
            packet = wire.receive_packet(self._runtime)
        except BlockingIOError:
            return
        except OSError:
            packet = None
        self._let_go()
        if packet is not None and packet[1]:
            self._master = packet[1][0]
            if self._size != (0, 0):
                set_size(self._master, *self._size)

    def _let_go(self) -> None:
        if self._runtime is not None:
            self._loop.forget(self._runtime.fileno())
            self._runtime.close()
            self._runtime = None

    def _take_master(self, events: int) -> None:
        self._connected(events)
        self._let_go()

    def give_up(self) -> None:
        """The process has not started: nothing of its streams is kept, since the runtime's own words are in them."""
        for fd in list(self._outputs):
            self._close_output(fd)
        if self._master >= 0:
            os.close(self._master)
            self._master = -1
