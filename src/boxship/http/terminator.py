"""TLS connections to the API: what comes out of one goes through a socket pair, and HTTP is spoken on the pair.

So a hijacked stream is a plain socket here, too, and a monitor gets its descriptor as ever: what stays in the daemon
is this relay. Neither direction holds more than one piece, so whoever does not read holds the other end back.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable

from boxship.http.tls import TlsCodec, reason

log = logging.getLogger("boxship.http")

PIECE = 64 * 1024
HANDSHAKE_SECONDS = 10.0
LINGER_SECONDS = 0.5
FLUSH_SECONDS = 1.0

Serve = Callable[[socket.socket], Awaitable[object]]


class TlsListener:
    """Accepts on a listening TCP socket, and hands one end of a pair to `serve` for every client it let in."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, serve: Serve) -> None:
        self._sock = sock
        self._context = context
        self._serve = serve
        self._clients: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                raw, address = await loop.sock_accept(self._sock)
            except OSError as error:
                # No descriptor left, or a client that went at once (accept(2)).
                log.warning("no client can be accepted: %s", error)
                await asyncio.sleep(0.1)
                continue
            task = loop.create_task(self._client(raw, f"{address[0]}:{address[1]}"))
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)

    async def _client(self, raw: socket.socket, address: str) -> None:
        with raw:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Who vanishes without a word is noticed some day.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            relay = _Relay(raw, TlsCodec(self._context))
            try:
                await relay.handshake()
            except (OSError, TimeoutError) as error:
                log.info("%s was refused: TLS: %s", address, reason(error))
                return
            ours, theirs = socket.socketpair()
            with ours:
                ours.setblocking(False)
                theirs.setblocking(False)
                try:
                    await self._serve(theirs)
                except BaseException:
                    theirs.close()
                    raise
                await relay.run(ours)

    async def stop(self) -> None:
        """Accept nobody any more."""
        self._accepting.cancel()
        await asyncio.wait({self._accepting})
        self._sock.close()

    async def close(self) -> None:
        """Let the answers out that are complete; cut what is left, hijacked streams too: they can't outlive this."""
        if self._clients:
            await asyncio.wait(tuple(self._clients), timeout=FLUSH_SECONDS)
        left = tuple(self._clients)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


class _Relay:
    """Between one client's socket and our end of its pair."""

    def __init__(self, raw: socket.socket, codec: TlsCodec) -> None:
        raw.setblocking(False)
        self._raw = raw
        self._codec = codec
        self._loop = asyncio.get_running_loop()
        self._sending = asyncio.Lock()

    async def handshake(self) -> None:
        """Let the client in. OSError (ssl.SSLError), TimeoutError."""
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                while not self._codec.handshake():
                    await self._send()
                    await self._receive()
                await self._send()
        except ssl.SSLError:
            # The alert that says why.
            await self._goodbye()
            raise

    async def run(self, pair: socket.socket) -> None:
        """Relay until the pair's other end is closed, or the client has gone."""
        try:
            async with asyncio.TaskGroup() as group:
                up = group.create_task(self._up(pair))
                await self._down(pair)
                up.cancel()
                await self._goodbye()
        except* OSError as errors:
            log.debug("a TLS client has gone: %s", errors.exceptions[0])

    async def _up(self, pair: socket.socket) -> None:
        """Client to pair. ConnectionError when the client has gone without a word."""
        taken = True
        while True:
            while (data := self._codec.read()) is not None:
                if not data:
                    _end(pair)
                    return
                if taken:
                    try:
                        await self._loop.sock_sendall(pair, data)
                    except OSError:
                        # The other end takes no more; what it still has to say is `_down`'s business.
                        taken = False
                # Both calls return at once while there is something: the others have their turn, too.
                await asyncio.sleep(0)
            if not self._sending.locked():
                await self._send()
            await self._receive()

    async def _down(self, pair: socket.socket) -> None:
        """Pair to client. ConnectionError when the client has gone."""
        while data := await self._from(pair):
            self._codec.write(data)
            await self._send()
            await asyncio.sleep(0)
        self._codec.end()

    async def _from(self, pair: socket.socket) -> bytes:
        try:
            return await self._loop.sock_recv(pair, PIECE)
        except ConnectionResetError:
            # Closed with something unread (unix(7) has it as TCP): the end, for whoever reads.
            return b""

    async def _receive(self) -> None:
        data = await self._loop.sock_recv(self._raw, PIECE)
        if not data:
            raise ConnectionResetError("it closed the connection without TLS's close_notify")
        self._codec.feed(data)

    async def _send(self) -> None:
        async with self._sending:
            while data := self._codec.to_send():
                await self._loop.sock_sendall(self._raw, data)

    async def _goodbye(self) -> None:
        """Send what is left and let the client read it: unread bytes at a close reset a connection (tcp(7))."""
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                await self._send()
                _end(self._raw)
                while await self._loop.sock_recv(self._raw, PIECE):
                    pass
        except (OSError, TimeoutError):
            pass


def _end(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass
