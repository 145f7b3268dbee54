"""A job that a worker does, as the daemon sees it."""

import asyncio
import socket
from typing import Any

from boxship.lib.errors import Unavailable
from boxship.runtime.launch.link import Message
from boxship.runtime.launch.ready import readable
from boxship.runtime.launch.values import WorkFailed
from boxship.shim import wire


class Work:
    """One job. `end` must follow, whatever happens: a worker ends when it is let go of."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._waiting = False
        self.ended = asyncio.Event()

    async def result(self) -> Any:
        """The job's result. WorkFailed with its error; Unavailable when the worker was killed, or `end` was called."""
        if self.ended.is_set():
            raise Unavailable("the worker has ended")
        self._waiting = True
        try:
            answer, _ = await receive(self._sock, "the worker")
        finally:
            self._waiting = False
            self.end()
            self._sock.close()
        if "failed" in answer:
            raise WorkFailed(answer["failed"], answer["errno"], answer["message"])
        return answer["result"]

    def end(self) -> None:
        """Let go of the worker: done or not, it ends, and with it its hold on any mount."""
        if self.ended.is_set():
            return
        self.ended.set()
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side has gone already
        if not self._waiting:
            # Else `result` sees the end and closes: closing takes the socket away under whoever waits for it.
            self._sock.close()


async def receive(sock: socket.socket, who: str) -> tuple[Message, list[int]]:
    """The next message on a connection. Unavailable when the other side has gone."""
    while True:
        try:
            received = wire.receive(sock)
        except BlockingIOError:
            await readable(sock)
            continue
        except OSError as error:
            raise Unavailable(f"{who} does not answer: {error.strerror}") from None
        if received is None:
            raise Unavailable(f"{who} has ended")
        return received
