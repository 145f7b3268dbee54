"""Connections that no peer can hold for ever: a head has a deadline, a body a least rate, a send a longest stall.

Only the time that is spent waiting for the peer counts, never that of whoever reads. In memory there is never more of
an answer than its head (http.client: 100 lines of 64 KiB at most) and what the caller asks for.
"""

import http.client
import io
import socket
import time
from collections.abc import Callable
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

CONNECT_WAIT = 30.0
"""Seconds for a connection, and for each piece that is sent."""
HEAD_WAIT = 60.0
"""Seconds until an answer's head is there, whole."""
BODY_WINDOW = 30.0
"""Seconds of waiting in which at least LEAST_BYTES of a body must come."""
LEAST_BYTES = 30 << 10
_PIECE = 128 << 10


class TooSlow(OSError):
    """The peer is there and gives next to nothing."""


class PacedReader(io.RawIOBase):
    """The receiving side of one answer."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._deadline: float | None = time.monotonic() + HEAD_WAIT
        self._waited = 0.0
        self._came = 0

    def head_is_there(self) -> None:
        """From now on the rate counts."""
        self._deadline, self._came = None, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """As the socket's own. TooSlow, OSError."""
        begun = time.monotonic()
        left = BODY_WINDOW - self._waited if self._deadline is None else self._deadline - begun
        if left <= 0:
            raise TooSlow(self._complaint())
        self._sock.settimeout(left)
        try:
            count: int | None = self._raw.readinto(buffer)
        except TimeoutError:
            raise TooSlow(self._complaint()) from None
        if self._deadline is not None:
            if not count and self._came:
                # http.client would take what it has for the whole head, with half a Location in it.
                raise ConnectionError("unexpected EOF")
            self._came += count or 0
        else:
            self._waited += time.monotonic() - begun
            self._came += count or 0
            if self._came >= LEAST_BYTES:
                self._waited, self._came = 0.0, 0
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()

    def _complaint(self) -> str:
        if self._deadline is not None:
            return f"net/http: timeout awaiting response headers ({HEAD_WAIT:.0f} s)"
        return f"the peer sent {self._came} bytes in {BODY_WINDOW:.0f} s"


class _Socket:
    """What http.client asks of a socket: a file to read from."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.reader: PacedReader | None = None

    def makefile(self, mode: str) -> io.BufferedReader:
        raw: Any = self._sock.makefile(mode, buffering=0)  # type: ignore[call-overload]
        self.reader = PacedReader(raw, self._sock)
        return io.BufferedReader(self.reader)


class PacedResponse(http.client.HTTPResponse):
    """An answer that is read at the peer's pace, but not at any."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        self._paced = _Socket(sock)
        super().__init__(self._paced, *args, **kwargs)  # type: ignore[arg-type]

    def begin(self) -> None:
        super().begin()
        if self._paced.reader is not None:
            self._paced.reader.head_is_there()


class _Sends:
    """Sends in pieces: a socket's timeout is one for the whole of a `sendall`, however much that is."""

    sock: Any

    def send(self, data: Any) -> None:
        if isinstance(data, bytes | bytearray | memoryview) and len(data) > _PIECE:
            view = memoryview(data)
            for place in range(0, len(view), _PIECE):
                super().send(view[place : place + _PIECE])  # type: ignore[misc]
        else:
            super().send(data)  # type: ignore[misc]


class PacedHTTPConnection(_Sends, HTTPConnection):
    response_class = PacedResponse


class PacedHTTPSConnection(_Sends, HTTPSConnection):
    response_class = PacedResponse


class _Watched:
    """A pool that tells of each connection it makes."""

    on_connection: Callable[[Any], None] | None = None

    def _new_conn(self) -> Any:
        connection = super()._new_conn()  # type: ignore[misc]
        if self.on_connection is not None:
            self.on_connection(connection)
        return connection


class PacedHTTPPool(_Watched, HTTPConnectionPool):
    ConnectionCls = PacedHTTPConnection


class PacedHTTPSPool(_Watched, HTTPSConnectionPool):
    ConnectionCls = PacedHTTPSConnection
