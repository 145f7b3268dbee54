"""The standard streams of one process: pipes or a pty on one side, the log and attached clients on the other."""

from __future__ import annotations

import _socket
import errno
import os

from boxship.shim import wire
from boxship.shim.become import Stdio
from boxship.shim.client import Client
from boxship.shim.loop import HUP, IN, OUT, Loop
from boxship.shim.pty import set_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from boxship.shim.logs.writer import LogWriter

STDOUT, STDERR = 1, 2
_CHUNK = 64 << 10
# One read buffer for all streams: the loop is single-threaded and a chunk is handed on before the next read.
_buffer = bytearray(_CHUNK)


class Session:
    """Streams of a container's first process or of an exec."""

    def __init__(
        self,
        loop: Loop,
        *,
        tty: bool,
        open_stdin: bool,
        stdin_once: bool,
        size: tuple[int, int],
        log: LogWriter | None,
        spool_folder: str,
        on_detach: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._tty = tty
        self._stdin_once = stdin_once
        self._size = size
        self._log = log
        self._spool_folder = spool_folder
        self._on_detach = on_detach
        self._clients: list[Client] = []
        self._outputs: dict[int, int] = {}
        self._input = -1
        self._pending = b""
        self._close_input_after = False
        self._master_from: _socket.socket | None = None
        self._master_to: _socket.socket | None = None
        self._child_fds: list[int] = []
        self._open_stdin = open_stdin
        self._ended = False
        self.on_idle: Callable[[], None] = lambda: None

    def child_side(self) -> Stdio:
        """Make the descriptors for the child; `forked` closes them here."""
        if self._tty:
            self._master_from, self._master_to = _socket.socketpair()
            return Stdio((-1, -1, -1), self._master_to, self._size)
        if self._open_stdin:
            stdin, self._input = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(self._input, False)
        else:
            # The child opens its own: whoever holds the host's /dev/null could change its mode.
            stdin = -1
        out, stdout = os.pipe2(os.O_CLOEXEC)
        err, stderr = os.pipe2(os.O_CLOEXEC)
        self._outputs = {out: STDOUT, err: STDERR}
        self._child_fds = [fd for fd in (stdin, stdout, stderr) if fd >= 0]
        return Stdio((stdin, stdout, stderr), None, (0, 0))

    def forked(self) -> None:
        """The child has its copies: let go of ours."""
        for fd in self._child_fds:
            os.close(fd)
        self._child_fds = []
        if self._master_to is not None:
            self._master_to.close()
            self._master_to = None

    def read(self) -> None:
        """Begin to read what the process writes. Whoever is to see all of it must be attached before."""
        if self._master_from is not None:
            self._loop.watch(self._master_from.fileno(), IN, self._take_master)
            return
        for fd in self._outputs:
            os.set_blocking(fd, False)
            self._loop.watch(fd, IN, self._reader(fd))

    def _take_master(self, _: int) -> None:
        source, self._master_from = self._master_from, None
        if source is None:
            return
        self._loop.forget(source.fileno())
        packet = wire.receive_packet(source)
        source.close()
        if packet is None:
            # The child failed before it had a terminal.
            return
        self._use_master(packet[1][0])

    def _use_master(self, master: int) -> None:
        os.set_blocking(master, False)
        self._outputs = {master: STDOUT}
        self._input = master
        if self._size != (0, 0):
            set_size(master, *self._size)
        self._loop.watch(master, IN, self._reader(master))
        self._flush_input()

    def resize(self, height: int, width: int) -> None:
        """The terminal's size in characters; kept for a terminal that does not exist yet."""
        self._size = (height, width)
        if self._tty and self._input >= 0:
            set_size(self._input, height, width)

    def attach(self, sock: _socket.socket, leftover: bytes, options: dict[str, Any]) -> None:
        """Serve a client on this connection (see AttachOptions; `detach_keys` in hexadecimal digits)."""
        streams = tuple(number for number, name in ((STDOUT, "stdout"), (STDERR, "stderr")) if options.get(name))
        if self._tty and options.get("stderr"):
            streams = (STDOUT,)
        client = Client(
            self._loop,
            sock,
            stdin=bool(options.get("stdin")) and self._open_stdin,
            streams=streams,
            framed=bool(options.get("framed", not self._tty)),
            # Without a terminal the bytes are data, and no byte of data detaches.
            detach_keys=bytes.fromhex(options.get("detach_keys", "")) if self._tty else b"",
            leftover=leftover,
            spool_folder=self._spool_folder,
            on_input=self._typed,
            on_end=self._client_ended,
        )
        self._clients.append(client)
        client.begin()
        if self._ended:
            client.finish()

    def _client_ended(self, client: Client, why: str) -> None:
        if client in self._clients:
            self._clients.remove(client)
        if why == "detached":
            self._on_detach()
        elif why == "gone" and client.stdin and self._stdin_once:
            self._end_input()
        if self._ended and not self._clients:
            self.on_idle()

    def _typed(self, client: Client, data: bytes) -> bool:
        if not data:
            if self._stdin_once and not self._tty:
                self._end_input()
            elif self._tty or not self._stdin_once:
                # Docker ends an attachment whose input ends and that does not own the process's input.
                self._loop.after(0, client.end)
            return True
        if self._input < 0 and self._master_from is None:
            # The process has closed its input: take no more, or a fast writer would burn the processor.
            return False
        self._pending += data
        self._flush_input()
        return not self._pending

    def _end_input(self) -> None:
        if self._tty:
            return
        self._close_input_after = True
        self._flush_input()

    def _flush_input(self) -> None:
        if self._input < 0:
            return
        if self._pending:
            try:
                count = os.write(self._input, self._pending)
                self._pending = self._pending[count:]
            except BlockingIOError:
                pass
            except OSError as error:
                if error.errno not in (errno.EPIPE, errno.EIO):
                    raise
                self._pending = b""
                self._close_input()
                return
        if self._tty:
            # Reading and writing share the pty's master: its one entry must keep IN.
            events = IN | (OUT if self._pending else 0)
            self._loop.watch(self._input, events, self._reader(self._input))
        elif self._pending:
            self._loop.watch(self._input, OUT, self._input_ready)
        else:
            self._loop.forget(self._input)
        if not self._pending:
            if self._close_input_after:
                self._close_input()
                return
            for client in list(self._clients):
                client.resume_input()

    def _input_ready(self, events: int) -> None:
        if events & HUP and not events & OUT:
            self._pending = b""
            self._close_input()
            return
        self._flush_input()

    def _close_input(self) -> None:
        if self._input >= 0 and not self._tty:
            self._loop.forget(self._input)
            os.close(self._input)
        self._input = -1

    def _reader(self, fd: int) -> Callable[[int], None]:
        def ready(events: int) -> None:
            if events & OUT:
                self._flush_input()
            if events & (IN | HUP) and fd in self._outputs:
                self._pump(fd)

        return ready

    def _pump(self, fd: int) -> bool:
        """Read one chunk and hand it on; False when there is nothing now or nothing more."""
        try:
            count = os.readv(fd, [_buffer])
        except BlockingIOError:
            return False
        except OSError as error:
            # A pty whose last slave is closed answers EIO.
            if error.errno != errno.EIO:
                raise
            count = 0
        if count == 0:
            self._close_output(fd)
            return False
        stream = self._outputs[fd]
        data = memoryview(_buffer)[:count]
        if self._log is not None:
            self._log.write(stream, bytes(data))
        for client in list(self._clients):
            client.offer(stream, data)
        return True

    def _close_output(self, fd: int) -> None:
        self._loop.forget(fd)
        del self._outputs[fd]
        if fd == self._input:
            self._input = -1
        os.close(fd)

    def process_ended(self) -> None:
        """The process is gone: read what its streams still hold, close the log, let the clients finish."""
        if self._master_from is not None:
            self._take_master(IN)
        for fd in list(self._outputs):
            while fd in self._outputs and self._pump(fd):
                pass
            if fd in self._outputs:
                self._close_output(fd)
        self._close_input()
        if self._log is not None:
            self._log.close()
            self._log = None
        self._ended = True
        for client in list(self._clients):
            client.finish()
        if not self._clients:
            self.on_idle()

    def announce(self, text: bytes) -> None:
        """Tell the clients something that the process did not write."""
        for client in list(self._clients):
            client.offer(STDOUT, memoryview(text))

    @property
    def idle(self) -> bool:
        """Nothing is left to hand on."""
        return self._ended and not self._clients

    def drop_clients(self) -> None:
        for client in list(self._clients):
            client.end()
