"""A monitor's connection to the daemon: it may break, and another daemon may come."""

from __future__ import annotations

import _socket
import os

from boxship.shim import wire
from boxship.shim.loop import IN, Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Message = dict[str, Any]

_NAME = "monitor.sock"


class Control:
    """`answer` gets each request with its descriptors and returns the answer, None when that comes later; `state`
    gives what a daemon that comes back has to know; `lost` hears that nobody is connected any more.
    """

    def __init__(
        self,
        loop: Loop,
        link: _socket.socket,
        bundle: str,
        *,
        answer: Callable[[Message, list[int]], Message | None],
        state: Callable[[], Message],
        lost: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._bundle = bundle
        self._answer = answer
        self._state = state
        self._lost = lost
        self._link: _socket.socket | None = None
        self._listener: _socket.socket | None = None
        self._use(link)

    @property
    def connected(self) -> bool:
        return self._link is not None

    def _use(self, link: _socket.socket) -> None:
        link.setblocking(False)
        self._link = link
        self._loop.watch(link.fileno(), IN, self._readable)

    def listen(self) -> None:
        """From now on a restarted daemon finds this monitor. OSError as bind(2)."""
        listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        wire.bind_in(listener, self._bundle, _NAME)
        os.chmod(f"{self._bundle}/{_NAME}", 0o600)
        listener.listen(4)
        listener.setblocking(False)
        self._listener = listener
        self._loop.watch(listener.fileno(), IN, self._accept)

    def _accept(self, _: int) -> None:
        assert self._listener is not None
        try:
            link = wire.accept(self._listener)
        except OSError:
            return
        # The daemon's newest connection counts: an older one is that of a daemon which is gone.
        self.drop()
        self._use(link)
        self.tell({"event": "state", **self._state()})

    def drop(self) -> None:
        """Let go of the daemon's connection."""
        if self._link is not None:
            self._loop.forget(self._link.fileno())
            self._link.close()
            self._link = None

    def stop_listening(self) -> None:
        """No daemon finds this monitor any more."""
        if self._listener is None:
            return
        self._loop.forget(self._listener.fileno())
        self._listener.close()
        self._listener = None
        try:
            os.unlink(f"{self._bundle}/{_NAME}")
        except OSError:
            # The bundle is gone already, and the socket with it.
            pass

    def tell(self, message: Message) -> None:
        """Send to the daemon, if there is one."""
        if self._link is None:
            return
        try:
            wire.send(self._link, message)
        except OSError:
            # Gone, or not reading: it will connect again and be told the state.
            self.drop()

    def _readable(self, _: int) -> None:
        assert self._link is not None
        try:
            received = wire.receive(self._link)
        except BlockingIOError:
            return
        except OSError:
            received = None
        if received is None:
            self.drop()
            self._lost()
            return
        message, fds = received
        reply: Message = {"re": message.get("seq", 0)}
        try:
            answer = self._answer(message, fds)
        except OSError as error:
            answer = {"errno": error.errno or 0, "message": os.strerror(error.errno or 0)}
        if answer is not None:
            self.tell(reply | answer)
