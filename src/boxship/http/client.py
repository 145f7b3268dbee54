"""A small synchronous HTTP/1.1 client over one stream socket: requests, streamed bodies, chunked answers, hijack.

Start-up time is a feature of the command line, so this imports nothing but C modules: `_socket` instead of `socket`
(which brings enum and selectors), no `http.client` (which brings email and re).
Source: RFC 9112; Docker's hijack is an upgrade (RFC 9110, section 7.8) to the protocol "tcp".
"""

import _socket
import sys
from errno import ECONNREFUSED
from posix import F_OK, O_CLOEXEC, O_RDONLY, access, close, read
from posix import open as open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    # A connected socket for another one that says the same in the clear, and what tells why that one ended.
    Secure = Callable[[_socket.socket], tuple[_socket.socket, Callable[[], str]]]

PIECE = 256 * 1024
LONGEST_HEAD = 1024 * 1024


class ProtocolError(Exception):
    """The other side does not speak HTTP/1.1, or went away in the middle of an answer."""


class Connection:
    """One connection, used for one exchange at a time.

    address: a path for a unix socket, (host, port) for TCP. host: the Host header. secure: for TLS
    (client/tls.py). OSError as the system calls give it.
    """

    def __init__(self, address: str | tuple[str, int], host: str, secure: "Secure | None" = None) -> None:
        self.host = host
        self.sock = _connect(address)
        self.failure: Callable[[], str] | None = None
        if secure is not None:
            self.sock, self.failure = secure(self.sock)
        self.buffer = b""
        self.reusable = True

    def send(
        self, method: str, target: str, headers: "Sequence[tuple[str, str]]" = (), body: bytes | None = None
    ) -> None:
        """Send a request with its whole body, in one piece where it is small."""
        length = [] if body is None else [("Content-Length", str(len(body)))]
        head = self._head(method, target, [*headers, *length])
        self.sock.sendall(head + body if body else head)

    def send_stream(
        self, method: str, target: str, headers: "Sequence[tuple[str, str]]", pieces: "Iterable[bytes]"
    ) -> None:
        """Send a request whose body's length is not known (Transfer-Encoding: chunked).

        Where the server answers and closes before it has read everything, sending ends early and the answer can
        be read.
        """
        try:
            self.sock.sendall(self._head(method, target, [*headers, ("Transfer-Encoding", "chunked")]))
            for piece in pieces:
                if piece:
                    self.sock.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.sock.sendall(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.reusable = False

    def _head(self, method: str, target: str, headers: "Sequence[tuple[str, str]]") -> bytes:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{name}: {value}" for name, value in headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def receive(self, *, head_only: bool = False) -> "Response":
        """Read the head of the answer; interim answers (1xx but 101) are passed over.

        head_only: the request was a HEAD. ProtocolError.
        """
        while True:
            end = self.buffer.find(b"\r\n\r\n")
            while end < 0:
                if len(self.buffer) > LONGEST_HEAD:
                    raise ProtocolError("the head of the answer has no end")
                self.buffer += self._more()
                end = self.buffer.find(b"\r\n\r\n")
            head, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
            response = Response(self, head, head_only)
            if response.status >= 200 or response.status == 101:
                return response

    def _more(self) -> bytes:
        data = self.sock.recv(PIECE)
        if not data:
            self.reusable = False
            why = self.failure() if self.failure is not None else ""
            raise ProtocolError(why or "the connection was closed before the answer was whole")
        return data

    def close(self) -> None:
        """Close the socket; what was not read is lost."""
        self.reusable = False
        self.sock.close()


class Response:
    """An answer whose head was read. Read the body once, by `read` or by `pieces`.

    headers: names in lower case; the last of a repeated one.
    """

    def __init__(self, connection: Connection, head: bytes, head_only: bool) -> None:
        self.connection = connection
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ", 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
            raise ProtocolError(f"not an HTTP answer: {lines[0][:80]!r}")
        self.status = int(words[1])
        self.reason = words[2] if len(words) > 2 else ""
        self.headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        if self.headers.get("connection", "").lower() == "close" or words[0] == "HTTP/1.0":
            connection.reusable = False
        self.finished = head_only or self.status in (204, 304)

    def pieces(self) -> "Iterator[bytes]":
        """The body as it comes. ProtocolError when it is cut short."""
        if self.finished:
            return
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            yield from self._chunks()
        elif "content-length" in self.headers:
            yield from self._counted(int(self.headers["content-length"]))
        else:
            yield from self._until_closed()
        self.finished = True

    def read(self) -> bytes:
        """The whole body."""
        return b"".join(self.pieces())

    def _counted(self, left: int) -> "Iterator[bytes]":
        connection = self.connection
        while left:
            data = connection.buffer or connection._more()
            connection.buffer = data[left:]
            data = data[:left]
            left -= len(data)
            yield data

    def _chunks(self) -> "Iterator[bytes]":
        while True:
            size = int(self._line().partition(b";")[0], 16)
            if not size:
                break
            yield from self._counted(size)
            self._line()
        while self._line():  # trailers
            pass

    def _line(self) -> bytes:
        connection = self.connection
        while True:
            line, found, rest = connection.buffer.partition(b"\r\n")
            if found:
                connection.buffer = rest
                return line
            connection.buffer += connection._more()

    def _until_closed(self) -> "Iterator[bytes]":
        connection = self.connection
        connection.reusable = False
        data = connection.buffer
        connection.buffer = b""
        while True:
            if data:
                yield data
            data = connection.sock.recv(PIECE)
            if not data:
                return


def _refuse_the_dead(sock: _socket.socket) -> None:
    """ConnectionRefusedError when the process that listened on the socket is dead.

    An engine's socket may outlive it, held by another process for the next daemon: the kernel takes connections, nobody
    answers. SO_PEERCRED (unix(7)) names who called listen(2) last; 0 when that is in another pid namespace.
    """
    listener = int.from_bytes(sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)[:4], sys.byteorder)
    if listener > 0 and _is_dead(listener):
        raise ConnectionRefusedError(ECONNREFUSED, "the process that listened has ended")


def _is_dead(pid: int) -> bool:
    """Gone, or a zombie that nobody has reaped (proc_pid_stat(5))."""
    try:
        fd = open_file(f"/proc/{pid}/stat", O_RDONLY | O_CLOEXEC)
    except FileNotFoundError:
        # Without a /proc nothing can be told; with one, there is always the reader's own.
        return access("/proc/self", F_OK)
    except OSError:
        return False
    try:
        # "pid (name) state …": the name may hold anything.
        return read(fd, 4096).rpartition(b")")[2][1:2] in b"ZX"
    except ProcessLookupError:
        return True
    finally:
        close(fd)


def _connect(address: str | tuple[str, int]) -> _socket.socket:
    if isinstance(address, str):
        sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            sock.connect(address)
            _refuse_the_dead(sock)
        except OSError:
            sock.close()
            raise
        return sock
    failure = OSError(f"no address for {address[0]}")
    for family, kind, protocol, _, target in _socket.getaddrinfo(*address, 0, _socket.SOCK_STREAM):
        sock = _socket.socket(family, kind, protocol)
        try:
            sock.connect(target)
            sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure
