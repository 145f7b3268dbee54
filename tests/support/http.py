"""A server on a socket of the test's own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from boxship.http.connection import Handler
from boxship.http.incoming import Limits
from boxship.http.request import Request
from boxship.http.server import HttpServer


class Client:
    """One connection by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def line(self) -> bytes:
        return await self.reader.readline()

    async def head(self) -> tuple[int, dict[str, str]]:
        """The next status and headers (lower case)."""
        status = int((await self.line()).split()[1])
        headers = {}
        while (line := await self.line()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers

    async def answer(self) -> tuple[int, bytes]:
        """The next answer's status and body."""
        status, headers = await self.head()
        if "content-length" in headers:
            return status, await self.reader.readexactly(int(headers["content-length"]))
        body = b""
        if headers.get("transfer-encoding") == "chunked":
            while size := int(await self.line(), 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            await self.line()
        return status, body

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        return await self.reader.read()

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass


class Running:
    """A server that runs, and a way to connect to it."""

    def __init__(self, server: HttpServer, path: str) -> None:
        self.server, self.path = server, path

    async def connect(self) -> Client:
        return Client(*await asyncio.open_unix_connection(self.path))

    async def ask(self, data: bytes) -> tuple[int, bytes]:
        """One request on a connection of its own."""
        client = await self.connect()
        client.send(data)
        answer = await client.answer()
        await client.close()
        return answer


@asynccontextmanager
async def serving(handler: Handler, limits: Limits | None = None) -> AsyncIterator[Running]:
    """A server with `handler`, on an abstract unix socket."""
    sock = socket.socket(socket.AF_UNIX)
    # An empty name lets the kernel choose one (unix(7), autobind).
    sock.bind("")
    path = sock.getsockname()
    sock.listen()
    server = HttpServer(handler, limits)
    await server.listen(sock)
    try:
        yield Running(server, path)
    finally:
        await server.close(grace=1)


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine; nothing may be left undone when it ends."""
    asyncio.run(_limited(test))


async def _limited(test: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.timeout(60):
        await test()


async def echo(request: Request) -> None:
    """Answers with what was asked."""
    body = await request.body()
    await request.respond(200, f"{request.method} {request.path} ".encode() + body, content_type="text/plain")
