"""From a pipe to a client's connection without passing through this process's memory (splice(2))."""

import asyncio
import os
from typing import Any


class Uncopied:
    """Stands for bytes in a pipe where only their number counts: in the framing of a body."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count


async def splice(pipe: int, transport: asyncio.Transport, count: int) -> None:
    """Move bytes that are in the pipe already to the transport's socket, whose own buffer must be empty.

    BrokenPipeError, ConnectionResetError when the client has gone.
    """
    # The loop watches the transport's own descriptor: it is waited for by another one of the same socket.
    sock: Any = transport.get_extra_info("socket")
    out = os.dup(sock.fileno())
    try:
        while count:
            try:
                count -= os.splice(pipe, out, count, flags=os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK)
            except BlockingIOError:
                await _writable(out)
    finally:
        os.close(out)


async def _writable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(fd, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_writer(fd)
