"""The engine's API as calls: versions, errors, connections that are used again.

The version costs no round trip: every request names the newest that this client speaks, and an engine that is older
says which it has; the request is then made again. (The docker CLI asks /_ping first.)
"""

from boxship.client.errors import DaemonError, Unreachable
from boxship.client.json import decode_stream, encode
from boxship.client.text import query as query_text
from boxship.http.client import Connection, ProtocolError, Response
from boxship.lib.plainjson import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from boxship.client.host import Host
    from boxship.http.client import Secure

    Query = Sequence[tuple[str, str]]

API_VERSION = "1.51"
_TOO_NEW = "Maximum supported API version is "


class Hijacked:
    """A connection that has become a byte stream. leftover: bytes that came with the answer's head.

    multiplexed: what comes is framed (http/stdcopy.py); otherwise raw, as of a terminal.
    """

    __slots__ = ("leftover", "multiplexed", "sock")

    def __init__(self, sock: "_socket.socket", leftover: bytes, content_type: str) -> None:
        self.sock = sock
        self.leftover = leftover
        self.multiplexed = content_type == "application/vnd.docker.multiplexed-stream"


class Client:
    """An engine at an address. Not for several threads at once; `again` gives another for another thread.

    version: of the API, "" for the newest that both know. headers: sent with every request.
    """

    def __init__(self, host: "Host", version: str = "", headers: "Query" = ()) -> None:
        self.host = host
        self.fixed = bool(version)
        self.version = version or API_VERSION
        self.headers = tuple(headers)
        self._idle: Connection | None = None
        self._secure: Secure | None = None

    def again(self) -> "Client":
        """A client of the same engine with connections of its own."""
        other = Client(self.host, self.version, self.headers)
        other.fixed = self.fixed
        other._secure = self._secure
        return other

    def connect(self) -> None:
        """Make the connection of the first request now. Unreachable."""
        self._keep(self._connection())

    def open(
        self,
        method: str,
        path: str,
        query: "Query" = (),
        body: "Any" = None,
        headers: "Query" = (),
        stream: "Iterable[bytes] | None" = None,
    ) -> Response:
        """Make a request and read the answer's head. body: sent as JSON; stream: sent as it is, of any length.

        DaemonError for statuses from 400 on, Unreachable.
        """
        response = self._ask(method, path, query, body, headers, stream)
        if response.status >= 400:
            raise self._refusal(response)
        return response

    def call(self, method: str, path: str, query: "Query" = (), body: "Any" = None, headers: "Query" = ()) -> "Any":
        """Make a request and give the decoded answer, None for an empty one. DaemonError, Unreachable."""
        data = self._finish(self.open(method, path, query, body, headers))
        return decode(data) if data else None

    def ping(self) -> dict[str, str]:
        """The headers of HEAD /_ping: the engine's version of the API, what it can do. Unreachable."""
        connection = self._connection()
        try:
            connection.send("HEAD", f"{self.host.prefix}/_ping", self.headers)
            response = connection.receive(head_only=True)
        except (OSError, ProtocolError) as error:
            raise self._unreachable(error) from error
        self._keep(connection)
        return response.headers

    def negotiate(self) -> None:
        """Settle the version before a request that can't be made twice. Unreachable."""
        if not self.fixed:
            offered = self.ping().get("api-version", "1.24")
            if older(offered, self.version):
                self.version = offered
            self.fixed = True

    def events(self, method: str, path: str, query: "Query" = (), **how: "Any") -> "Iterator[Any]":
        """Make a request whose answer is a stream of JSON texts. DaemonError, Unreachable."""
        response = self.open(method, path, query, **how)
        return decode_stream(response.pieces())

    def hijack(self, path: str, query: "Query" = (), body: "Any" = None) -> Hijacked:
        """POST and take the connection over. DaemonError, Unreachable."""
        headers = (("Connection", "Upgrade"), ("Upgrade", "tcp"))
        response = self.open("POST", path, query, body if body is not None else b"", headers)
        connection = response.connection
        if response.status not in (101, 200):
            raise DaemonError(response.status, f"unable to upgrade to tcp, received {response.status}")
        self._idle = None
        return Hijacked(connection.sock, connection.buffer, response.headers.get("content-type", ""))

    def _ask(
        self,
        method: str,
        path: str,
        query: "Query",
        body: "Any",
        headers: "Query",
        stream: "Iterable[bytes] | None",
    ) -> Response:
        if stream is not None:
            self.negotiate()
        sent = list(self.headers) + list(headers)
        data: bytes | None = None
        if isinstance(body, bytes):
            data = body
        elif body is not None:
            data = encode(body).encode()
            sent.append(("Content-Type", "application/json"))
        elif method == "POST" and stream is None:
            data = b""
        while True:
            target = f"{self.host.prefix}/v{self.version}{path}{query_text(query)}"
            connection = self._connection()
            try:
                if stream is not None:
                    connection.send_stream(method, target, sent, stream)
                else:
                    connection.send(method, target, sent, data)
                response = connection.receive(head_only=method == "HEAD")
            except (OSError, ProtocolError) as error:
                connection.close()
                raise self._unreachable(error) from error
            if response.status == 400 and not self.fixed:
                refusal = self._refusal(response)
                if _TOO_NEW not in refusal.message:
                    raise refusal
                self.version = refusal.message.partition(_TOO_NEW)[2].strip()
                self.fixed = True
                continue
            return response

    def _refusal(self, response: Response) -> DaemonError:
        data = self._finish(response)
        text = data.decode("utf-8", "replace").strip()
        if response.headers.get("content-type", "").startswith("application/json"):
            try:
                text = decode(data)["message"]
            except (ValueError, KeyError, TypeError):
                pass
        if not text:
            text = (
                f"request returned {response.reason} for API route and version {self.host.url}, "
                "check if the server supports the requested API version"
            )
        return DaemonError(response.status, text)

    def _finish(self, response: Response) -> bytes:
        """Read the body and keep the connection for the next request."""
        try:
            data = response.read()
        except (OSError, ProtocolError) as error:
            raise self._unreachable(error) from error
        self._keep(response.connection)
        return data

    def _keep(self, connection: Connection) -> None:
        if connection.reusable:
            self._idle = connection
        else:
            connection.close()

    def _connection(self) -> Connection:
        idle, self._idle = self._idle, None
        if idle is not None:
            return idle
        if self.host.tls is not None and self._secure is None:
            from boxship.client.tls import Secured

            self._secure = Secured(self.host.tls, self.host.address[0])
        try:
            return Connection(self.host.address, self.host.name, self._secure)
        except OSError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> Unreachable:
        url = self.host.url
        errno = error.errno or 0 if isinstance(error, OSError) else 0
        if isinstance(error, PermissionError):
            return Unreachable(url, errno, f"permission denied while trying to connect to {url}")
        if isinstance(error, ProtocolError):
            return Unreachable(url, errno, f"error during connect: {url}: {error}")
        if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
            return Unreachable(url, errno, f"Cannot connect to the engine at {url}. Is the daemon running?")
        return Unreachable(url, errno, f"error during connect: {url}: {error.args[-1]}")


def older(version: str, than: str) -> bool:
    """Whether one version of the API comes before another; "1.9" is older than "1.24"."""
    return [int(part) for part in version.split(".")] < [int(part) for part in than.split(".")]
