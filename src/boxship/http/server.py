"""The HTTP/1 server: listening sockets, their connections, and an orderly end."""

import asyncio
import socket
from typing import TYPE_CHECKING

from boxship.http.connection import Connection, Handler
from boxship.http.incoming import Limits

if TYPE_CHECKING:
    import ssl

    from boxship.http.terminator import TlsListener

# somaxconn cuts it down. asyncio's own default of 100 would shrink the queue of a socket that already
# listens.
BACKLOG = 4096


class HttpServer:
    """Serves `handler` on any number of listening sockets."""

    def __init__(self, handler: Handler, limits: Limits | None = None) -> None:
        self._handler = handler
        self._limits = limits or Limits()
        self._connections: set[Connection] = set()
        self._servers: list[asyncio.Server] = []
        self._tls: list[TlsListener] = []

    @property
    def connections(self) -> int:
        """How many clients are connected, hijacked ones not counted."""
        return len(self._connections)

    async def listen(self, sock: socket.socket, tls: "ssl.SSLContext | None" = None) -> None:
        """Accept connections on a bound stream socket (unix or TCP). The socket belongs to the server from
        now on.

        A unix socket's name is never removed: it belongs to whoever bound it. tls: speak TLS on it (TCP only).
        """
        if tls is not None:
            self._listen_tls(sock, tls)
            return
        over_tcp = sock.family != socket.AF_UNIX
        loop = asyncio.get_running_loop()
        # create_server, not create_unix_server: the latter unlinks the name at its end (Python ≥ 3.13).
        server = await loop.create_server(
            lambda: Connection(self._handler, self._limits, self._connections, over_tcp=over_tcp),
            sock=sock,
            backlog=BACKLOG,
        )
        self._servers.append(server)

    def _listen_tls(self, sock: socket.socket, tls: "ssl.SSLContext") -> None:
        # Only now: it brings OpenSSL in.
        from ssl import VerifyMode

        from boxship.http.terminator import TlsListener

        verified = tls.verify_mode is VerifyMode.CERT_REQUIRED
        loop = asyncio.get_running_loop()
        sock.setblocking(False)
        sock.listen(BACKLOG)

        async def serve(plain: socket.socket) -> None:
            await loop.connect_accepted_socket(
                lambda: Connection(
                    self._handler, self._limits, self._connections, over_tcp=True, client_verified=verified
                ),
                plain,
            )

        self._tls.append(TlsListener(sock, tls, serve))

    async def close(self, grace: float = 10.0) -> None:
        """Stop accepting and let requests finish.

        Idle connections close at once. Streams without an end (events, followed logs, wait) are cut. Other
        requests have `grace` seconds.
        """
        for server in self._servers:
            server.close()
        for listener in self._tls:
            await listener.stop()
        busy = [connection for connection in tuple(self._connections) if not connection.stop()]
        if busy:
            waiting = [asyncio.ensure_future(connection.finished()) for connection in busy]
            _, late = await asyncio.wait(waiting, timeout=grace)
            for task in late:
                task.cancel()
        for connection in tuple(self._connections):
            connection.abort()
        # Let the transports' last callbacks run, so that their sockets are closed when this returns.
        while self._connections:
            await asyncio.sleep(0)
        for listener in self._tls:
            await listener.close()
