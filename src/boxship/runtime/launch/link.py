"""A message connection on the event loop: requests with their answers, and events."""

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from typing import Any

from boxship.lib.errors import Unavailable
from boxship.runtime.launch.ready import writable
from boxship.shim import wire

Message = dict[str, Any]


class Link:
    """One SOCK_SEQPACKET connection. `on_event` gets what is no answer, with its descriptors; `on_close` the end."""

    def __init__(
        self,
        sock: socket.socket,
        on_event: Callable[[Message, list[int]], None],
        on_close: Callable[[], None],
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._on_event = on_event
        self._on_close = on_close
        self._sequence = 0
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._sending = asyncio.Lock()
        self.closed = False
        self._loop.add_reader(sock.fileno(), self._readable)

    def _readable(self) -> None:
        while not self.closed:
            try:
                received = wire.receive(self._sock)
            except BlockingIOError:
                return
            except OSError:
                received = None
            if received is None:
                self.close()
                return
            message, fds = received
            future = self._waiting.pop(message.get("re", 0), None)
            if future is not None:
                if not future.done():
                    future.set_result(message)
            else:
                self._on_event(message, fds)
                continue
            for fd in fds:
                os.close(fd)

    async def send(self, message: Message, fds: Sequence[int] = ()) -> None:
        """Send without waiting for an answer. Unavailable when the other side is gone."""
        async with self._sending:
            while True:
                if self.closed:
                    raise Unavailable("the monitor has ended")
                try:
                    wire.send(self._sock, message, fds)
                    return
                except BlockingIOError:
                    await writable(self._sock)
                except OSError as error:
                    self.close()
                    raise Unavailable(f"the monitor does not answer: {error.strerror}") from None

    async def request(self, message: Message, fds: Sequence[int] = ()) -> Message:
        """Send and await the answer. Unavailable when the other side goes first."""
        self._sequence += 1
        sequence = self._sequence
        future: asyncio.Future[Message] = self._loop.create_future()
        self._waiting[sequence] = future
        try:
            await self.send(message | {"seq": sequence}, fds)
            return await future
        finally:
            self._waiting.pop(sequence, None)

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._sock.fileno())
        self._loop.remove_writer(self._sock.fileno())
        self._sock.close()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(Unavailable("the monitor has ended"))
        self._waiting.clear()
        self._on_close()
