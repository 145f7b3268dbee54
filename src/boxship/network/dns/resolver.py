"""One container's resolver: its sockets in the container's network namespace, what it answers, what it passes on."""

from __future__ import annotations

import _socket
import time

from boxship.network.dns import message, zone
from boxship.network.dns.forward import Forwarder
from boxship.shim.loop import IN, Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_LARGEST = 65535
# Bytes of one connection before the others have their turn.
_PIECE = 2048
# Datagrams of one container before the others have their turn.
_AT_ONCE = 16
_MOST_CONNECTIONS = 32
_IDLE = 10.0


class Resolver:
    """Answers on `udp` and `tcp`, which it owns. networks: looked up in order at each question.

    wake: to be called when something begins to wait, so that somebody calls `expire` until it is idle again.
    """

    def __init__(self, loop: Loop, udp: _socket.socket, tcp: _socket.socket, wake: Callable[[], None]) -> None:
        self._loop = loop
        self._wake = wake
        self._udp = udp
        self._tcp = tcp
        self._connections: dict[int, _Connection] = {}
        self.forwarder = Forwarder(loop)
        self.networks: Callable[[], list[zone.Network]] = list
        self.own: dict[str, str] = {}
        for sock, handler in ((udp, self._datagrams), (tcp, self._accept)):
            sock.setblocking(False)
            loop.watch(sock.fileno(), IN, handler)

    def close(self) -> None:
        for connection in tuple(self._connections.values()):
            connection.close()
        self.forwarder.close()
        for sock in (self._udp, self._tcp):
            self._loop.forget(sock.fileno())
            sock.close()

    def expire(self, now: float) -> None:
        """Give up what has waited for too long."""
        self.forwarder.expire(now)
        for connection in [one for one in self._connections.values() if one.deadline <= now]:
            connection.close()

    @property
    def idle(self) -> bool:
        """Nothing waits for its time to pass."""
        return self.forwarder.idle and not self._connections

    def respond(self, data: bytes, answer: Callable[[bytes], None], *, tcp: bool) -> None:
        """Answer one message, now or later, at most once; what is no query to answer is passed over."""
        try:
            query = message.parse_query(data)
        except message.Malformed as error:
            if error.id is not None:
                answer(message.refuse(error.id, message.FORMERR))
            return
        known = zone.answer(self.networks(), query, self.own)
        if known is not None:
            code, records = known
            answer(message.reply(query, code, records, tcp=tcp))
        else:
            self.forwarder.ask(data, query, answer, tcp=tcp)
            self._wake()

    def _datagrams(self, _: int) -> None:
        for _ in range(_AT_ONCE):
            try:
                data, client = self._udp.recvfrom(_LARGEST)
            except OSError:
                # Nothing more; or an earlier reply found nobody.
                return
            self.respond(data, self._to(client), tcp=False)

    def _to(self, client: Any) -> Callable[[bytes], None]:
        return lambda reply: self._send(reply, client)

    def _send(self, reply: bytes, client: Any) -> None:
        try:
            self._udp.sendto(reply, client)
        except OSError:
            # The client's buffer is full, or it has gone: it asks again, as over any network.
            pass

    def _accept(self, _: int) -> None:
        try:
            fd, _address = self._tcp._accept()  # type: ignore[attr-defined]
        except OSError:
            return
        sock = _socket.socket(fileno=fd)
        if len(self._connections) >= _MOST_CONNECTIONS:
            sock.close()
            return
        self._connections[fd] = _Connection(self, self._loop, sock, self._connections)
        self._wake()


class _Connection:
    """One client over TCP: messages with their length before them (RFC 1035, 4.2.2), one after the other."""

    def __init__(self, resolver: Resolver, loop: Loop, sock: _socket.socket, register: dict[int, _Connection]) -> None:
        self._resolver = resolver
        self._loop = loop
        self._sock = sock
        self._fd = sock.fileno()
        self._register = register
        self._data = b""
        self._open = True
        self.deadline = time.monotonic() + _IDLE
        sock.setblocking(False)
        loop.watch(self._fd, IN, self._readable)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._loop.forget(self._fd)
            self._register.pop(self._fd, None)
            self._sock.close()

    def _readable(self, _: int) -> None:
        try:
            data = self._sock.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self._data += data
        while self._open and len(self._data) >= 2:
            length = int.from_bytes(self._data[:2], "big")
            if length < message.SHORTEST:
                # No DNS: what follows can't be told apart either.
                self.close()
                return
            if len(self._data) < 2 + length:
                return
            query, self._data = self._data[2 : 2 + length], self._data[2 + length :]
            self.deadline = time.monotonic() + _IDLE
            self._resolver.respond(query, self._answer, tcp=True)

    def _answer(self, reply: bytes) -> None:
        if not self._open:
            return
        try:
            # A client that does not read what it has asked for is let go.
            packet = len(reply).to_bytes(2, "big") + reply
            if self._sock.send(packet) != len(packet):
                self.close()
        except OSError:
            self.close()
