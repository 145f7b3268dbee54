"""One attached client: a hijacked connection whose descriptor the daemon handed over.

A client that does not read never blocks the container: what it has not taken waits in memory up to 256 KiB, then in
an unlinked file up to 1 GiB; beyond that its connection is ended (docs/decisions/0003-slow-clients.md).
"""

from __future__ import annotations

import _socket
import os
import struct

from boxship.shim.loop import HUP, IN, OUT, Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY_LIMIT = 256 << 10
SPOOL_LIMIT = 1 << 30
_CHUNK = 64 << 10


class Backlog:
    """Bytes that a client has not taken yet, first in memory, then in an unlinked file of `folder`."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._memory = bytearray()
        self._file = -1
        self._read = 0
        self._written = 0

    def __bool__(self) -> bool:
        return bool(self._memory) or self._read < self._written

    def add(self, pieces: tuple[bytes | memoryview, ...]) -> bool:
        """Queue the pieces. False when the limit is reached or the disk is full."""
        total = sum(len(piece) for piece in pieces)
        if self._file < 0 and len(self._memory) + total <= MEMORY_LIMIT:
            for piece in pieces:
                self._memory += piece
            return True
        if self._written - self._read + total > SPOOL_LIMIT:
            return False
        try:
            if self._file < 0:
                self._file = os.open(self._folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
            for piece in pieces:
                view = memoryview(piece)
                while view:
                    count = os.pwrite(self._file, view, self._written)
                    self._written += count
                    view = view[count:]
        except OSError:
            return False
        return True

    def send(self, sock: _socket.socket) -> None:
        """Send as much as the client takes. OSError when it is gone."""
        while self._memory:
            count = sock.send(self._memory, _socket.MSG_DONTWAIT | _socket.MSG_NOSIGNAL)
            del self._memory[:count]
        while self._read < self._written:
            self._read += os.sendfile(sock.fileno(), self._file, self._read, self._written - self._read)
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._read = self._written = 0

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class DetachKeys:
    """Finds the detach sequence in typed bytes; a part of it that does not go on is passed through."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._seen = 0

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """What goes to the container of `data`, and whether the sequence is complete."""
        keys = self._keys
        if not keys:
            return data, False
        out = bytearray()
        for byte in data:
            if byte != keys[self._seen]:
                out += keys[: self._seen]
                self._seen = 0
            if byte == keys[self._seen]:
                self._seen += 1
                if self._seen == len(keys):
                    self._seen = 0
                    return bytes(out), True
            else:
                out.append(byte)
        return bytes(out), False


class Client:
    """A connection that sees output and, if asked, gives input."""

    def __init__(
        self,
        loop: Loop,
        sock: _socket.socket,
        *,
        stdin: bool,
        streams: tuple[int, ...],
        framed: bool,
        detach_keys: bytes,
        leftover: bytes,
        spool_folder: str,
        on_input: Callable[[Client, bytes], bool],
        on_end: Callable[[Client, str], None],
    ) -> None:
        """streams: which of 1 (stdout) and 2 (stderr) it sees; framed: with stdcopy headers.

        on_input takes typed bytes (b"" is end of input) and says whether it can take more now; on_end hears
        "detached", "gone" or "done" once.
        """
        self.stdin = stdin
        self.streams = streams
        self._loop = loop
        self._sock = sock
        self._framed = framed
        self._keys = DetachKeys(detach_keys)
        self._backlog = Backlog(spool_folder)
        self._leftover = leftover
        self._on_input = on_input
        self._on_end = on_end
        self._reading = True
        self._finishing = False
        self._closed = False
        self._input_ended = False
        sock.setblocking(False)

    def begin(self) -> None:
        """Take the bytes that came with the request, then the connection's."""
        if self._leftover:
            data, self._leftover = self._leftover, b""
            self._typed(data)
        if not self._closed:
            self._arm()

    def offer(self, stream: int, data: memoryview) -> None:
        """Output of the container for this client."""
        if self._closed or stream not in self.streams:
            return
        pieces: tuple[bytes | memoryview, ...] = (data,)
        if self._framed:
            pieces = (struct.pack(">BxxxI", stream, len(data)), data)
        if not self._backlog:
            try:
                sent = self._sock.sendmsg(pieces, [], _socket.MSG_DONTWAIT | _socket.MSG_NOSIGNAL)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._end("gone")
                return
            pieces = _without(pieces, sent)
            if not pieces:
                return
        if not self._backlog.add(pieces):
            self._end("gone")
            return
        self._arm()

    def finish(self) -> None:
        """No more output comes: end the connection when everything was taken."""
        self._finishing = True
        if not self._backlog:
            self._end("done")

    def resume_input(self) -> None:
        """The container takes input again."""
        if not self._reading and not self._closed and not self._input_ended:
            self._reading = True
            self._arm()

    def _arm(self) -> None:
        events = HUP
        if self._reading and not self._input_ended:
            events |= IN
        if self._backlog:
            events |= OUT
        self._loop.watch(self._sock.fileno(), events, self._ready)

    def _ready(self, events: int) -> None:
        if events & OUT or (events & HUP and self._backlog):
            try:
                self._backlog.send(self._sock)
            except BlockingIOError:
                pass
            except OSError:
                self._end("gone")
                return
            if not self._backlog and self._finishing:
                self._end("done")
                return
        if events & IN and self._reading and not self._input_ended:
            self._read()
        elif events & HUP:
            self._end("gone")
            return
        if not self._closed:
            self._arm()

    def _read(self) -> None:
        try:
            data = self._sock.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self._end("gone")
            return
        if not data:
            self._input_ended = True
            if self.stdin:
                self._on_input(self, b"")
            return
        self._typed(data)

    def _typed(self, data: bytes) -> None:
        if not self.stdin:
            return
        passed, detached = self._keys.feed(data)
        if passed and not self._on_input(self, passed):
            self._reading = False
        if detached:
            self._end("detached")

    def end(self) -> None:
        """Let the client go at once."""
        self._end("done")

    def _end(self, why: str) -> None:
        if self._closed:
            return
        self._closed = True
        self._loop.forget(self._sock.fileno())
        try:
            self._sock.shutdown(_socket.SHUT_RDWR)
        except OSError:
            pass
        self._sock.close()
        self._backlog.close()
        self._on_end(self, why)


def _without(pieces: tuple[bytes | memoryview, ...], count: int) -> tuple[bytes | memoryview, ...]:
    rest = []
    for piece in pieces:
        if count >= len(piece):
            count -= len(piece)
            continue
        rest.append(piece[count:])
        count = 0
    return tuple(rest)
