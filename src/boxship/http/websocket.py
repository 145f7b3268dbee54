"""The server's side of WebSockets (RFC 6455): the handshake, and a relay between a client's frames and a byte stream.

Frames are wsproto's business; it is imported at the first use. No extensions, as in Docker.
"""

import asyncio
import codecs
import socket
from typing import TYPE_CHECKING

from boxship.http.request import Request
from boxship.lib.errors import BoxshipError

if TYPE_CHECKING:
    pass

_CHUNK = 1 << 16
_NORMAL = 1000


class HandshakeError(BoxshipError):
    """The request is no WebSocket handshake. headers: of the answer (400), whose body is the message."""

    def __init__(self, message: str, headers: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.headers = headers


def accept_head(request: Request) -> bytes:
    """The head of the answer that accepts a handshake (RFC 6455, section 4.2). HandshakeError in Docker's words."""
    from wsproto.utilities import generate_accept_token

    upgrade = request.headers.get("upgrade", "").lower()
    connection = request.headers.get("connection", "").lower()
    if upgrade != "websocket" or "upgrade" not in connection:
        raise HandshakeError("not websocket protocol")
    key = request.headers.get("sec-websocket-key", "")
    if not key:
        raise HandshakeError("mismatch challenge/response")
    if request.headers.get("sec-websocket-version", "") != "13":
        raise HandshakeError("missing or bad WebSocket Version", ("Sec-WebSocket-Version: 13",))
    # Docker takes whatever one protocol a client names, and does not choose between several.
    protocol = request.headers.get("sec-websocket-protocol", "").strip()
    if "," in protocol:
        raise HandshakeError("")
    token = generate_accept_token(key.encode("latin-1")).decode("ascii")
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    lines.append(f"Sec-WebSocket-Accept: {token}")
    if protocol:
        lines.append(f"Sec-WebSocket-Protocol: {protocol}")
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def refusal(error: HandshakeError) -> bytes:
    """The whole answer to what is no handshake; the connection ends with it."""
    return "\r\n".join(("HTTP/1.1 400 Bad Request", *error.headers, "", error.message)).encode("latin-1")


class Relay:
    """Between a client that speaks WebSocket on `client` and the plain byte stream on `inner`; owns both sockets.

    text: what the stream gives goes out in text frames, else in binary ones; what comes in is taken from either.
    """

    def __init__(self, client: socket.socket, inner: socket.socket, *, text: bool) -> None:
        from wsproto.connection import Connection, ConnectionType

        self._client = client
        self._inner = inner
        self._protocol: Connection = Connection(ConnectionType.SERVER)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace") if text else None
        # Frames of two tasks must not mix.
        self._sending = asyncio.Lock()
        for sock in (client, inner):
            sock.setblocking(False)

    async def run(self, leftover: bytes) -> None:
        """Relay until either side ends, and close both. leftover: what the client sent behind its request."""
        tasks = {asyncio.ensure_future(self._outwards()), asyncio.ensure_future(self._inwards(leftover))}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await self._say_goodbye()
        finally:
            for task in tasks:
                task.cancel()
            # The client has gone, most likely: nobody is there to be told.
            await asyncio.gather(*tasks, return_exceptions=True)
            self._client.close()
            self._inner.close()

    async def _outwards(self) -> None:
        from wsproto.events import BytesMessage, TextMessage

        loop = asyncio.get_running_loop()
        while data := await loop.sock_recv(self._inner, _CHUNK):
            if self._decoder is None:
                await self._send(self._protocol.send(BytesMessage(data=data)))
            elif text := self._decoder.decode(data):
                await self._send(self._protocol.send(TextMessage(data=text)))

    async def _inwards(self, data: bytes) -> None:
        from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
        from wsproto.utilities import LocalProtocolError, RemoteProtocolError

        loop = asyncio.get_running_loop()
        while True:
            try:
                self._protocol.receive_data(data)
                for event in self._protocol.events():
                    match event:
                        case BytesMessage():
                            await loop.sock_sendall(self._inner, event.data)
                        case TextMessage():
                            await loop.sock_sendall(self._inner, event.data.encode())
                        case Ping():
                            await self._send(self._protocol.send(event.response()))
                        case CloseConnection():
                            await self._send(self._protocol.send(event.response()))
                            return
            except RemoteProtocolError as error:
                hint = error.event_hint
                if isinstance(hint, CloseConnection):
                    await self._send(self._protocol.send(hint))
                return
            except LocalProtocolError:
                # Our side has said goodbye meanwhile.
                return
            data = await loop.sock_recv(self._client, _CHUNK)
            if not data:
                return

    async def _say_goodbye(self) -> None:
        from wsproto.connection import ConnectionState
        from wsproto.events import CloseConnection

        if self._protocol.state is not ConnectionState.OPEN:
            return
        try:
            await self._send(self._protocol.send(CloseConnection(code=_NORMAL)))
        except OSError:
            # The client went first.
            pass

    async def _send(self, data: bytes) -> None:
        async with self._sending:
            await asyncio.get_running_loop().sock_sendall(self._client, data)
