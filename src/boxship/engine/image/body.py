"""A request's body, read by a thread while it arrives on the event loop."""

import asyncio
import queue
from collections.abc import AsyncIterator

# Pieces that may wait for the thread; the client is held back beyond that. A piece has at most some 256 KiB.
_AHEAD = 32


class Body:
    """An async iterator of bytes as a readable stream for one thread.

    Use as an async context around the work of the thread: the context pumps. What the iterator raises, `read` raises
    in the thread; when the context ends early, `read` raises ConnectionError and so ends the thread.
    """

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._queue: queue.SimpleQueue[bytes | BaseException] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(_AHEAD)
        self._pump: asyncio.Task[None] | None = None
        self._rest = memoryview(b"")
        self._ended: BaseException | None = None
        self._at_end = False

    async def __aenter__(self) -> "Body":
        self._pump = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._pump is not None
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)
        self._queue.put(ConnectionError("the work on the request was given up"))

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, b"" at the end. For the thread only."""
        if not self._rest and not self._at_end:
            self._take()
        data = self._rest[:size]
        self._rest = self._rest[len(data) :]
        return bytes(data)

    def _take(self) -> None:
        if self._ended is not None:
            raise self._ended
        piece = self._queue.get()
        if isinstance(piece, BaseException):
            self._ended = piece
            raise piece
        self._at_end = not piece
        self._rest = memoryview(piece)
        self._loop.call_soon_threadsafe(self._room.release)

    async def _run(self) -> None:
        try:
            async for piece in self._pieces:
                if piece:
                    await self._room.acquire()
                    self._queue.put(piece)
        except Exception as error:
            self._queue.put(error)
        else:
            self._queue.put(b"")
