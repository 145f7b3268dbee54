"""Streams of a process that another runtime starts: a pty's master comes through a socket in the file system."""

from __future__ import annotations

import _socket
import os

from boxship.shim import wire
from boxship.shim.become import Stdio
from boxship.shim.loop import IN
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

    def read(self) -> None:
        super().read()
        if self._tty:
            # The runtime's call has ended, so the master is here; its size is set before the program starts.
            self._take_master(IN)

    def _take_master(self, events: int) -> None:
        listener = self._master_from
        if listener is None:
            return
        self._loop.forget(listener.fileno())
        try:
            self._master_from = wire.accept(listener)
            self._master_from.setblocking(True)
        except BlockingIOError:
            # The runtime failed before it had a terminal.
            self._master_from = None
        listener.close()
        os.unlink(f"{self._bundle}/{self._name}")
        super()._take_master(events)

    def give_up(self) -> None:
        """The process has not started: nothing of its streams is kept, since the runtime's own words are in them."""
        for fd in list(self._outputs):
            self._close_output(fd)
