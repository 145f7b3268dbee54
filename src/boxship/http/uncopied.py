"""Bytes on their way to a client's connection that never pass through this process's memory: splice(2), sendfile(2)."""

import asyncio
import os
import select
from typing import Any

from boxship.lib.bridge import bulk
from boxship.lib.errors import BoxshipError

# As long as a client takes what is sent, a thread sends; one that lets it wait longer is waited for by the loop.
_PATIENCE_MS = 20
_AT_ONCE = 64 << 20


class Uncopied:
    """Stands for bytes elsewhere where only their number counts: in the framing of a body."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count


async def splice(pipe: int, transport: asyncio.Transport, count: int) -> None:
    """Move bytes that are in the pipe already to the transport's socket, whose own buffer must be empty.

    BrokenPipeError, ConnectionResetError when the client has gone.
    """
    out = _socket_of(transport)
    try:
        while count:
            try:
                count -= os.splice(pipe, out, count, flags=os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK)
            except BlockingIOError:
                await _writable(out)
    finally:
        os.close(out)


async def copy_file(file: int, transport: asyncio.Transport, count: int) -> None:
    """Send the first `count` bytes of a file to the transport's socket, whose own buffer must be empty.

    Reading a disk may take its time, so a thread does it. BrokenPipeError, ConnectionResetError when the client has
    gone; BoxshipError when the file is shorter.
    """
    out = _socket_of(transport)
    sent = 0
    try:
        while sent < count:
            work = asyncio.ensure_future(bulk(_push, file, out, sent, min(count - sent, _AT_ONCE)))
            try:
                sent += await asyncio.shield(work)
            except asyncio.CancelledError:
                # The thread still has the descriptors.
                await asyncio.wait({work})
                raise
            if sent < count:
                await _writable(out)
    finally:
        os.close(out)


def _push(file: int, out: int, offset: int, count: int) -> int:
    """Send as much as goes without waiting for long; how much it was."""
    poll = select.poll()
    poll.register(out, select.POLLOUT)
    sent = 0
    while sent < count:
        try:
            moved = os.sendfile(out, file, offset + sent, count - sent)
        except BlockingIOError:
            if not poll.poll(_PATIENCE_MS):
                break
            continue
        if not moved:
            raise BoxshipError("a file became shorter while it was sent")
        sent += moved
    return sent


def _socket_of(transport: asyncio.Transport) -> int:
    # The loop watches the transport's own descriptor: it is waited for by another one of the same socket.
    sock: Any = transport.get_extra_info("socket")
    return os.dup(sock.fileno())


async def _writable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(fd, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_writer(fd)
