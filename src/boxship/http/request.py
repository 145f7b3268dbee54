"""One request, as a handler sees it: what was asked, the body, and the ways to answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import h11
import msgspec

from boxship.http.query import parse_query, split_target, unescape
from boxship.lib.errors import BoxshipError, InvalidParameter

if TYPE_CHECKING:
    from boxship.http.connection import Connection

T = TypeVar("T")
Headers = Iterable[tuple[str, str]]

# Docker sets no limit. This one is far above any real config and keeps a client from filling the memory.
JSON_LIMIT = 16 << 20
_FALSE = frozenset({"", "0", "no", "false", "none"})
_NO_CONTENT = frozenset({204, 304})


class ClientGone(ConnectionError):
    """The client closed its connection, so nobody waits for the rest of the answer."""


class BodyTooLarge(BoxshipError):
    """The request's body is over the limit (413)."""


class Hijacked(NamedTuple):
    """A connection taken out of HTTP.

    sock: the caller's to close. It is in non-blocking mode until somebody changes that; the mode belongs to
    the open file description (fcntl(2)), so whoever receives a copy sets the mode it wants. leftover: bytes
    that the client sent behind its request, to be read before `sock`.
    """

    sock: socket.socket
    leftover: bytes


class Request:
    """A request and its answer. `headers` has lower-case names; repeated ones are joined by ", "."""

    def __init__(self, connection: "Connection", head: h11.Request) -> None:
        """InvalidParameter when the target can't be decoded."""
        self._connection = connection
        self.method = head.method.decode("ascii")
        self.raw_target = head.target.decode("ascii")
        self.http_version = head.http_version.decode("ascii")
        self.headers: dict[str, str] = {}
        for name_bytes, value_bytes in head.headers:
            name, value = name_bytes.decode("ascii"), value_bytes.decode("latin-1")
            self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value
        path, self._query_text = split_target(self.raw_target)
        self.path = unescape(path)
        self._query: dict[str, list[str]] | None = None
        self.api_version: tuple[int, ...] = ()
        """The API version that the client speaks; the router sets it."""
        self.response_headers: list[tuple[str, str]] = []
        """Headers that every answer to this request carries."""
        self.started = False
        """The head of the answer has been sent: an error can only cut the connection now."""

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's parameters, each with all its values. InvalidParameter when it can't be decoded."""
        if self._query is None:
            self._query = parse_query(self._query_text)
        return self._query

    @property
    def query_text(self) -> str:
        """The query as it was sent."""
        return self._query_text

    @property
    def over_tcp(self) -> bool:
        """The request came over TCP: anybody on this machine may have sent it, also a web page's script."""
        return self._connection.over_tcp

    @property
    def client_verified(self) -> bool:
        """The client has shown a certificate that the daemon trusts, and has seen the daemon's."""
        return self._connection.client_verified

    @property
    def wants_upgrade(self) -> bool:
        """The client asked to switch protocols and expects 101."""
        return "upgrade" in self.headers

    @property
    def content_length(self) -> int:
        """The body's size in bytes, -1 when it is not known ahead (chunked), 0 when there is no body."""
        if "transfer-encoding" in self.headers:
            return -1
        return int(self.headers.get("content-length", "0"))

    def text(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default

    def flag(self, name: str, default: bool = False) -> bool:
        """A query parameter as Docker reads booleans: "", 0, no, false and none are false, all else is
        true."""
        if name not in self.query:
            return default
        return self.text(name).strip().lower() not in _FALSE

    def number(self, name: str, default: int) -> int:
        """A query parameter as a decimal number; `default` when it is missing or empty.

        Docker gives the text of Go's strconv, as an internal error (500); so does this (BoxshipError).
        """
        value = self.text(name)
        if not value:
            return default
        if not value.removeprefix("-").removeprefix("+").isdecimal() or not value.isascii():
            raise BoxshipError(f'strconv.Atoi: parsing "{value}": invalid syntax')
        number = int(value) if len(value) < 25 else 1 << 64
        if not -(1 << 63) <= number < 1 << 63:
            raise BoxshipError(f'strconv.Atoi: parsing "{value}": value out of range')
        return number

    # The body ---------------------------------------------------------------------------------------------

    async def stream(self) -> AsyncIterator[bytes]:
        """The body, piece by piece. The client is held back while nobody asks for more.

        ClientGone when it ends early, InvalidParameter when its framing is broken.
        """
        while (piece := await self._connection.read_body()) is not None:
            if piece:
                yield piece

    async def body(self, limit: int = JSON_LIMIT) -> bytes:
        """The whole body. BodyTooLarge when it has more than `limit` bytes."""
        if self.content_length > limit:
            raise BodyTooLarge(f"the request's body has {self.content_length} bytes, over the limit of {limit}")
        out = bytearray()
        async for piece in self.stream():
            out += piece
            if len(out) > limit:
                raise BodyTooLarge(f"the request's body has more than the limit of {limit} bytes")
        return bytes(out)

    async def json(self) -> Any:
        """The body as plain JSON values, None when it is empty. InvalidParameter."""
        data = await self.body()
        if not data.strip():
            return None
        try:
            return msgspec.json.decode(data)
        except msgspec.DecodeError as error:
            raise InvalidParameter(f"invalid JSON: {error}") from None

    # The answer -------------------------------------------------------------------------------------------

    async def respond(
        self, status: int, body: bytes = b"", headers: Headers = (), content_type: str = "application/json"
    ) -> None:
        """Send a whole answer. ClientGone."""
        fields = list(headers)
        if status not in _NO_CONTENT:
            if content_type:
                fields.append(("Content-Type", content_type))
            # To HEAD, Docker answers 0 for the bodies it does not make.
            fields.append(("Content-Length", str(len(body))))
        self.started = True
        nothing = status in _NO_CONTENT or self.method == "HEAD"
        await self._connection.send_whole(status, [*self.response_headers, *fields], b"" if nothing else body)

    async def start(self, status: int, headers: Headers = ()) -> None:
        """Send the head at once; `send` and `end` follow. Without Content-Length the body is chunked.
        ClientGone."""
        self.started = True
        await self._connection.send_head(status, [*self.response_headers, *headers])

    async def send(self, data: bytes) -> None:
        """Send a piece of the body; returns when the client has taken enough of what was sent. ClientGone."""
        if self.method != "HEAD":
            await self._connection.send_data(data)

    async def send_pipe(self, pipe: int, count: int) -> None:
        """Send `count` bytes that are in a pipe, as `send` does, but uncopied. ClientGone."""
        if self.method != "HEAD":
            await self._connection.send_pipe(pipe, count)

    async def send_file(self, file: int, count: int) -> None:
        """Send the first `count` bytes of a file, as `send` does, but uncopied. ClientGone; BoxshipError when the
        file is shorter.
        """
        if self.method != "HEAD":
            await self._connection.send_file(file, count)

    async def end(self) -> None:
        """The body is complete. ClientGone."""
        await self._connection.send_end()

    async def relay(self, chunks: AsyncIterator[bytes]) -> None:
        """Send all that `chunks` gives, until it ends; then `end` the answer.

        ClientGone as soon as the client has gone, also between two chunks. The iterator is closed in any
        case.
        """

        async def pump() -> None:
            try:
                async for chunk in chunks:
                    await self.send(chunk)
            finally:
                close = getattr(chunks, "aclose", None)
                if close is not None:
                    await close()

        await self.unless_gone(pump())
        await self.end()

    async def unless_gone(self, work: Awaitable[T]) -> T:
        """The result of `work`, or ClientGone (and `work` cancelled) when the client goes first."""
        task = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(self.gone())
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise ClientGone(f"the client of {self.method} {self.path} has gone")
        finally:
            for waiting in (task, gone):
                waiting.cancel()
            await asyncio.gather(task, gone, return_exceptions=True)

    async def gone(self) -> None:
        """Returns when the client has closed its side of the connection, or when the server stops."""
        await self._connection.gone()

    async def hijack(self, head: bytes) -> Hijacked:
        """Send `head` (status line, headers, empty line) as it is and take the connection out of HTTP.

        What is left of the request's body is dropped first. ClientGone.
        """
        self.started = True
        return await self._connection.hijack(head)


def upgrade_head(request: Request, content_type: str, headers: Mapping[str, str] | Headers = ()) -> bytes:
    """The head that Docker sends before a raw stream: 101 for clients that asked for an upgrade, else 200.

    A client that did not ask is told `application/vnd.docker.raw-stream` whatever the stream is.
    """
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    if request.wants_upgrade:
        lines = ["HTTP/1.1 101 UPGRADED", f"Content-Type: {content_type}"]
        lines += ["Connection: Upgrade", "Upgrade: tcp"]
    else:
        lines = ["HTTP/1.1 200 OK", "Content-Type: application/vnd.docker.raw-stream"]
    lines += [f"{name}: {value}" for name, value in pairs]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
