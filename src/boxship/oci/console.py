"""Where a terminal's master goes: to the caller's socket (`--console-socket`), or to this process."""

from __future__ import annotations

import _socket
import os

from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.shim import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Console:
    """socket: what the child sends the master on, None without a terminal; size: (rows, columns), (0, 0) for any."""

    def __init__(self, socket: _socket.socket | None, size: tuple[int, int], ours: _socket.socket | None) -> None:
        self.socket = socket
        self.size = size
        self._ours = ours

    def forked(self) -> None:
        """The child has its copy."""
        if self.socket is not None:
            self.socket.close()

    def master(self) -> int:
        """The terminal's master, when it came to this process; -1 otherwise."""
        if self._ours is None:
            return -1
        packet = wire.receive_packet(self._ours)
        self._ours.close()
        return packet[1][0] if packet else -1


def open_console(process: dict[str, Any], socket_path: str, *, detached: bool) -> Console:
    """The console for a process. InvalidParameter when the flags don't fit it."""
    if not process.get("terminal"):
        if socket_path:
            raise InvalidParameter("--console-socket is for a process with a terminal, and process.terminal is false")
        return Console(None, (0, 0), None)
    wanted = process.get("consoleSize") or {}
    size = (wanted.get("height", 0), wanted.get("width", 0))
    if socket_path:
        socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        folder, name = os.path.split(os.path.abspath(socket_path))
        try:
            wire.connect_in(socket, folder, name)
        except OSError as error:
            socket.close()
            raise BoxshipError(f"connect to the console socket {socket_path}: {error.strerror}") from None
        return Console(socket, size, None)
    if detached:
        raise InvalidParameter("a terminal for a container that is not waited for needs --console-socket")
    ours, theirs = _socket.socketpair()
    return Console(theirs, size, ours)
