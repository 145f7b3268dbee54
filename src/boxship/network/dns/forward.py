"""Questions that others have to answer: asked of the servers in order, each given its time, in a bounded number."""

from __future__ import annotations

import _socket
import os
import time

from boxship.network.dns import message
from boxship.shim.loop import IN, OUT, Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PATIENCE = 2.0
"""Seconds that one server has."""
ROUNDS = 2
"""How often the whole list is asked."""
MOST = 256
"""Questions of one container that may be under way; further ones are refused at once (SERVFAIL)."""

_PORT = 53
_LARGEST = 65535
# Codes after which the next server may know better.
_UNHELPFUL = (message.SERVFAIL, message.NOTIMP, message.REFUSED)


class Forwarder:
    """The questions of one container that are under way. `close` drops them."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.servers: list[str] = []
        self._asked: set[_Asked] = set()

    def ask(self, data: bytes, query: message.Query, answer: Callable[[bytes], None], *, tcp: bool) -> None:
        """Pass a query on; `answer` gets the reply under the query's own id, sooner or later, exactly once."""
        if not self.servers or len(self._asked) >= MOST:
            answer(message.reply(query, message.SERVFAIL))
            return
        asked = _Asked(
            self._loop, data, query, self.servers * ROUNDS, tcp, lambda reply: self._done(asked, answer, reply)
        )
        self._asked.add(asked)
        asked.next()

    def expire(self, now: float) -> None:
        """To be called every now and then: servers that were silent for too long are given up."""
        for asked in [one for one in self._asked if one.deadline <= now]:
            asked.next()

    @property
    def idle(self) -> bool:
        return not self._asked

    def close(self) -> None:
        for asked in self._asked:
            asked.drop()
        self._asked.clear()

    def _done(self, asked: _Asked, answer: Callable[[bytes], None], reply: bytes) -> None:
        self._asked.discard(asked)
        answer(reply)


class _Asked:
    """One question on its way through the servers: a socket, a port and an id of its own each time."""

    def __init__(
        self,
        loop: Loop,
        data: bytes,
        query: message.Query,
        servers: Sequence[str],
        tcp: bool,
        done: Callable[[bytes], None],
    ) -> None:
        self._loop = loop
        self._data = data
        self._query = query
        self._servers = list(servers)
        self._tcp = tcp
        self._done = done
        self._socket: _socket.socket | None = None
        self._id = 0
        self._out = b""
        self._in = b""
        self._last = b""
        self.deadline = 0.0

    def next(self) -> None:
        """Ask the next server; after the last one answer with the best there was, or that nobody knows."""
        self.drop()
        while self._servers:
            server = self._servers.pop(0)
            try:
                self._ask(server)
                return
            except OSError:
                self.drop()
        self._done(self._last or message.reply(self._query, message.SERVFAIL))

    def drop(self) -> None:
        if self._socket is not None:
            self._loop.forget(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _ask(self, server: str) -> None:
        host, port = split_server(server)
        family = _socket.AF_INET6 if ":" in host else _socket.AF_INET
        kind = _socket.SOCK_STREAM if self._tcp else _socket.SOCK_DGRAM
        sock = self._socket = _socket.socket(family, kind | _socket.SOCK_CLOEXEC | _socket.SOCK_NONBLOCK)
        self._id = int.from_bytes(os.urandom(2), "big")
        packet = message.with_id(self._data, self._id)
        self.deadline = time.monotonic() + PATIENCE
        try:
            sock.connect((host, port))
        except BlockingIOError:
            pass
        if self._tcp:
            self._out, self._in = len(packet).to_bytes(2, "big") + packet, b""
            self._loop.watch(sock.fileno(), OUT, self._writable)
        else:
            sock.send(packet)
            self._loop.watch(sock.fileno(), IN, self._readable)

    def _writable(self, _: int) -> None:
        assert self._socket is not None
        try:
            self._out = self._out[self._socket.send(self._out) :]
        except BlockingIOError:
            return
        except OSError:
            self.next()
            return
        if not self._out:
            self._loop.watch(self._socket.fileno(), IN, self._readable)

    def _readable(self, _: int) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(_LARGEST)
        except BlockingIOError:
            return
        except OSError:
            # Nobody listens there (ECONNREFUSED), or no route.
            self.next()
            return
        if self._tcp:
            self._in += data
            if len(self._in) < 2 or len(self._in) < 2 + int.from_bytes(self._in[:2], "big"):
                if not data:
                    self.next()
                return
            data = self._in[2 : 2 + int.from_bytes(self._in[:2], "big")]
        if not message.answers(data, self._query.wire, self._id):
            if self._tcp:
                self.next()
            # A datagram that is none of ours: the right one may yet come.
            return
        reply = message.with_id(data, self._query.id)
        if message.response_code(data) in _UNHELPFUL:
            self._last = reply
            self.next()
            return
        self.drop()
        self._done(reply)


def split_server(text: str) -> tuple[str, int]:
    """An address, with a port for tests and odd set-ups: "192.0.2.1", "192.0.2.1#5353"."""
    host, _, port = text.partition("#")
    return host, int(port or _PORT)
