"""What a client has sent and nobody has asked for yet, and how long it is made to wait."""

import asyncio
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """head_bytes: of a request's head. head_seconds: from its first byte (of the first one: from the connect) to
    its end. read_ahead: bytes taken from the client before anybody asked. unread_bytes: how much of a body that the
    handler did not want is read, so that the connection can be kept. linger_seconds: how long a client that still
    sends may read its answer before the connection is closed.
    """

    head_bytes: int = 1 << 20
    head_seconds: float = 300.0
    read_ahead: int = 256 << 10
    unread_bytes: int = 256 << 10
    linger_seconds: float = 0.5


class Incoming:
    """Received pieces in order. Stops reading from the transport when there are too many, and goes on later."""

    def __init__(self, read_ahead: int) -> None:
        self._read_ahead = read_ahead
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._reading = True
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.eof = False
        """The client sends nothing more."""

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def connect(self, transport: asyncio.Transport) -> None:
        """The transport that is read from."""
        self._transport = transport

    def add(self, data: bytes) -> None:
        """A piece has come."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size >= self._read_ahead:
            self.pause()
        self._wake()

    def end(self) -> None:
        """No more pieces come."""
        self.eof = True
        self._wake()

    def take(self) -> bytes:
        """The oldest piece; there must be one."""
        piece = self._pieces.popleft()
        self._size -= len(piece)
        if self._size < self._read_ahead:
            self.resume()
        return piece

    def take_all(self) -> bytes:
        """All that is here; reading stays as it is."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        return data

    async def more(self) -> None:
        """Returns when there is a piece, or the end."""
        if not self._pieces and not self.eof:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter

    def pause(self) -> None:
        """Take nothing more from the client for now."""
        if self._reading and not self.eof and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()

    def resume(self) -> None:
        """Take from the client again."""
        if not self._reading and not self.eof and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
