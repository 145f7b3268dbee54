"""Waiting until a socket can be read or written, for code that talks to it step by step."""

import asyncio
import fcntl
import os
import socket
import struct
import termios

# Bytes in a pipe: so many that each side wakes the other seldom.
_ROOM = 1 << 20


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


async def readable(sock: socket.socket) -> None:
    """Wait until there is something to read, or the end."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(sock.fileno(), _resolve, ready)
    try:
        await ready
    finally:
        loop.remove_reader(sock.fileno())


async def writable(sock: socket.socket) -> None:
    """Wait until the socket takes more."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(sock.fileno(), _resolve, ready)
    try:
        await ready
    finally:
        # Closed meanwhile: the loop has forgotten it already.
        if sock.fileno() >= 0:
            loop.remove_writer(sock.fileno())


class PipeReader:
    """The read end of a pipe that another process writes to; `fd` is its own from now on."""

    _PIECE = 1 << 18

    def __init__(self, fd: int) -> None:
        _widen(fd)
        self.fd = fd

    async def ready(self) -> int:
        """Wait until there is something to read: how many bytes, 0 at the end."""
        while True:
            count: int = struct.unpack("i", fcntl.ioctl(self.fd, termios.FIONREAD, bytes(4)))[0]
            if count:
                return count
            # Without bytes, a pipe is readable only at its end.
            await _ready(self.fd, writing=False)
            if not struct.unpack("i", fcntl.ioctl(self.fd, termios.FIONREAD, bytes(4)))[0]:
                return 0

    async def read(self) -> bytes:
        """The next bytes as they come, b"" at the end."""
        while True:
            try:
                return os.read(self.fd, self._PIECE)
            except BlockingIOError:
                await _ready(self.fd, writing=False)

    def close(self) -> None:
        os.close(self.fd)


class PipeWriter:
    """The write end of a pipe that another process reads from; `fd` is its own from now on."""

    def __init__(self, fd: int) -> None:
        _widen(fd)
        self._fd = fd

    async def write(self, data: bytes) -> None:
        """Write all of it. BrokenPipeError when the other side has closed."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._fd, view) :]
            except BlockingIOError:
                await _ready(self._fd, writing=True)

    def close(self) -> None:
        """The other side sees the end. Harmless when it is closed already."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _widen(fd: int) -> None:
    os.set_blocking(fd, False)
    try:
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _ROOM)
    except OSError:
        # The user's pipes have used up their share of memory (pipe(7), pipe-user-pages-soft): slower then.
        pass


async def _ready(fd: int, *, writing: bool) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    add, remove = (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
    add(fd, _resolve, ready)
    try:
        await ready
    finally:
        remove(fd)
