"""Standard streams over a hijacked connection, both ways at once.

Input has a thread of its own, so that neither direction ever waits for the other: a container that writes while it
reads, with a gigabyte each way, must not stop. Blocking reads and writes, whole buffers, no copies that can be saved.
"""

import os
from _socket import SHUT_RDWR, SHUT_WR
from _thread import start_new_thread

from boxship.cli.context import CliError
from boxship.cli.output import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from boxship.client.client import Hijacked

PIECE = 128 * 1024
STDOUT, STDERR, ERROR = 1, 2, 3
_HEADER = 8


class Streams:
    """One attachment.

    stdin: read ours and send it on. keys: bytes that detach, empty for none. detached: they were typed.
    """

    def __init__(self, hijacked: "Hijacked", *, stdin: bool, keys: bytes = b"") -> None:
        self.sock = hijacked.sock
        self.leftover = hijacked.leftover
        self.multiplexed = hijacked.multiplexed
        self.stdin = stdin
        self.keys = keys
        self.detached = False

    def run(self) -> None:
        """Copy until the other side ends its output. ReaderGone, CliError for an error sent in the stream."""
        if self.stdin:
            start_new_thread(self._feed, ())
        try:
            print_all(self._pieces(), multiplexed=self.multiplexed)
        except OSError:
            if not self.detached:
                raise

    def close(self) -> None:
        """Let go of the connection."""
        try:
            self.sock.shutdown(SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()

    def _pieces(self) -> "Iterator[bytes]":
        if self.leftover:
            yield self.leftover
        receive = self.sock.recv
        wait, woken = self._waiting()
        while True:
            if all(fd == woken for fd, _ in wait()):
                # The handler has run by now; if it did not end the program, go on.
                os.read(woken, 4096)
                continue
            data = receive(PIECE)
            if not data:
                return
            yield data

    def _waiting(self) -> "tuple[Callable[[], list[tuple[int, int]]], int]":
        """What waits for output or for a signal, and the descriptor that tells of a signal.

        A signal that comes after the interpreter has looked for one and before recv(2) blocks would wait for the next
        output, perhaps for ever. Its C handler also writes to a pipe, and that is not missed.
        """
        from select import POLLIN, poll

        from boxship.cli.signals import signals

        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signals.set_wakeup_fd(wake, warn_on_full_buffer=False)
        events = poll()
        events.register(self.sock.fileno(), POLLIN)
        events.register(woken, POLLIN)
        return events.poll, woken

    def _feed(self) -> None:
        from boxship.cli.signals import signals

        # Signals are the main thread's: it waits in recv(2), which they must interrupt.
        signals.pthread_sigmask(signals.SIG_BLOCK, signals.valid_signals())
        matcher = None
        if self.keys:
            from boxship.cli.keys import Matcher

            matcher = Matcher(self.keys)
        sock = self.sock
        try:
            while True:
                data = os.read(0, PIECE)
                if not data:
                    break
                if matcher is not None:
                    data, found = matcher.feed(data)
                    if found:
                        if data:
                            sock.sendall(data)
                        self.detached = True
                        sock.shutdown(SHUT_RDWR)
                        return
                if data:
                    sock.sendall(data)
            sock.shutdown(SHUT_WR)
        except OSError:
            # The other side has gone: the main thread sees it, too.
            pass


def print_all(pieces: "Iterator[bytes]", *, multiplexed: bool) -> None:
    """Write a stream to our standard streams as it comes. ReaderGone, CliError for an error sent in the stream."""
    if multiplexed:
        _apart(pieces)
    else:
        for piece in pieces:
            write(1, piece)


def _apart(pieces: "Iterator[bytes]") -> None:
    """Docker's multiplexed stream: frames of an 8-byte header (the stream, three zeros, the length) and data."""
    buffer = b""
    while True:
        while len(buffer) < _HEADER:
            more = next(pieces, b"")
            if not more:
                return
            buffer += more
        stream, left = buffer[0], int.from_bytes(buffer[4:_HEADER], "big")
        if stream > ERROR:
            raise CliError(f"Unrecognized input header: {stream}")
        if stream == ERROR:
            text = b"".join([buffer[_HEADER:], *pieces])[:left].decode("utf-8", "replace")
            raise CliError(f"error from daemon in stream: {text}")
        at = _HEADER
        target = 2 if stream == STDERR else 1
        while True:
            taken = buffer[at : at + left]
            if taken:
                write(target, taken)
                left -= len(taken)
                at += len(taken)
            if not left:
                break
            buffer = next(pieces, b"")
            at = 0
            if not buffer:
                return
        buffer = buffer[at:]
