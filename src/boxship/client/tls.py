"""TLS to an engine on tcp://. Imported only where somebody asks for it: OpenSSL is slow to load.

The rest of the client sees a plain socket, one end of a pair; a thread relays between the other end and the engine.
So a hijacked stream has two directions that never wait for each other and a half-close, which the standard library's
SSLSocket has not (http/tls.py), and nothing else of the client knows of TLS.
"""

import select
import signal
import ssl
from _thread import start_new_thread
from socket import SHUT_WR, socket, socketpair

from boxship.client.host import TlsFiles
from boxship.http.tls import RECORD, TlsCodec, reason
from boxship.lib.errors import InvalidParameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Callable

PIECE = 4 * RECORD


class Secured:
    """Makes plain sockets of connected ones. InvalidParameter for files that can't be used."""

    def __init__(self, files: TlsFiles, server_name: str) -> None:
        self._context = _context(files)
        self._server_name = server_name

    def __call__(self, sock: "_socket.socket") -> "tuple[_socket.socket, Callable[[], str]]":
        """Shake hands; the socket to use from now on, and what tells why it ended ("": in order). OSError."""
        raw = socket(fileno=sock.detach())
        codec = TlsCodec(self._context, server_name=self._server_name)
        try:
            _shake_hands(raw, codec)
        except OSError as error:
            raw.close()
            raise ConnectionAbortedError(0, f"tls: {reason(error)}") from error
        ours, theirs = socketpair()
        relay = _Relay(raw, codec, theirs)
        start_new_thread(relay.run, ())
        return ours, lambda: relay.failure


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    what = ""
    try:
        if files.verify:
            what = files.ca
            context.load_verify_locations(files.ca)
        else:
            # --tls alone: encrypted, whoever it is.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if files.cert or files.key:
            what = f"{files.cert} with {files.key}"
            context.load_cert_chain(files.cert, files.key)
    except OSError as error:
        raise InvalidParameter(f"the TLS file {what} can't be used: {reason(error)}") from None
    return context


def _shake_hands(raw: socket, codec: TlsCodec) -> None:
    try:
        while not codec.handshake():
            raw.sendall(codec.to_send())
            data = raw.recv(PIECE)
            if not data:
                raise ConnectionResetError(0, "the engine closed the connection during the handshake")
            codec.feed(data)
    except ssl.SSLError:
        try:
            # The alert that says why not.
            raw.sendall(codec.to_send())
        except OSError:
            pass
        raise
    raw.sendall(codec.to_send())


class _Relay:
    """Between the engine and our end of the pair. Neither direction holds more than a piece."""

    def __init__(self, raw: socket, codec: TlsCodec, pair: socket) -> None:
        raw.setblocking(False)
        pair.setblocking(False)
        self._raw = raw
        self._codec = codec
        self._pair = pair
        self._up = memoryview(b"")
        """For the engine, encrypted."""
        self._down = memoryview(b"")
        """For the client."""
        self._up_ended = False
        self.failure = ""

    def run(self) -> None:
        """Relay until the engine ends, or the client has let go of its end."""
        # Signals are the main thread's: it waits in recv(2), which they must interrupt.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            while self._step():
                if not self._wait():
                    break
        except OSError as error:
            self.failure = f"tls: {reason(error)}"
        self._raw.close()
        self._let_go()

    def _let_go(self) -> None:
        """The client reads to the end; what it still sends goes nowhere, but makes no error of the end."""
        self._pair.setblocking(True)
        try:
            self._pair.shutdown(SHUT_WR)
            while self._pair.recv(PIECE):
                pass
        except OSError:
            pass
        self._pair.close()

    def _wait(self) -> bool:
        """Until something can be moved; False when the client has let go."""
        waiting = select.poll()
        wanted = (select.POLLOUT if self._up else 0) | (0 if self._down else select.POLLIN)
        if wanted:
            waiting.register(self._raw, wanted)
        wanted = (select.POLLOUT if self._down else 0) | (0 if self._up or self._up_ended else select.POLLIN)
        waiting.register(self._pair, wanted)
        told = dict(waiting.poll()).get(self._pair.fileno(), 0)
        return not told & select.POLLHUP or bool(told & select.POLLIN)

    def _step(self) -> bool:
        """Move what can be moved; False at the engine's end. OSError when it fails."""
        if not self._up and not self._up_ended:
            self._take()
        self._up = _push(self._raw, self._up or memoryview(self._codec.to_send()))
        self._down = _push(self._pair, self._down)
        while not self._down:
            piece = self._codec.read()
            if piece == b"":
                return False
            if piece is not None:
                self._down = _push(self._pair, memoryview(piece))
                continue
            data = _pull(self._raw)
            if data is None:
                break
            if not data:
                raise ConnectionResetError(0, "the engine closed the connection without TLS's close_notify")
            self._codec.feed(data)
        return True

    def _take(self) -> None:
        data = _pull(self._pair)
        if data:
            self._codec.write(data)
        elif data is not None:
            self._up_ended = True
            # What has come is read first, or it is lost (TlsCodec.end).
            rest = bytes(self._down)
            while piece := self._codec.read():
                rest += piece
            self._down = memoryview(rest)
            self._codec.end()


def _pull(sock: socket) -> bytes | None:
    """What has come, None for nothing yet."""
    try:
        return sock.recv(PIECE)
    except BlockingIOError:
        return None


def _push(sock: socket, data: memoryview) -> memoryview:
    """What could not be sent yet."""
    try:
        while data:
            data = data[sock.send(data) :]
    except BlockingIOError:
        pass
    return data
