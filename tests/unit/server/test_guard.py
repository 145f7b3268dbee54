"""Who may ask over TCP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from boxship.http.request import Request
from boxship.http.server import HttpServer
from boxship.lib.errors import Forbidden
from boxship.server.guard import check_source
from tests.support.http import Client, run, serving


async def guarded(request: Request) -> None:
    try:
        check_source(request)
    except Forbidden as error:
        await request.respond(403, error.message.encode())
    else:
        await request.respond(200)


@asynccontextmanager
async def over_tcp() -> AsyncIterator[Client]:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = HttpServer(guarded)
    await server.listen(sock)
    client = Client(*await asyncio.open_connection(*sock.getsockname()))
    yield client
    await client.close()
    await server.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("Host: localhost:2375", 200),
        ("Host: 127.0.0.1:2375", 200),
        ("Host: LOCALHOST", 200),
        ("Host: [::1]:2375", 200),
        ("Host: evil.example", 403),
        ("Host: localhost.evil.example", 403),
        ("Host: ", 403),
        ("Host: localhost\r\nOrigin: http://localhost:3000", 200),
        ("Host: localhost\r\nOrigin: https://evil.example", 403),
        ("Host: localhost\r\nOrigin: null", 403),
    ],
)
def test_requests_over_tcp(headers: str, status: int) -> None:
    """Only those that mean this machine and come from it."""

    async def test() -> None:
        async with over_tcp() as client:
            client.send(f"GET / HTTP/1.1\r\n{headers}\r\n\r\n".encode())
            assert (await client.answer())[0] == status

    run(test)


def test_a_unix_socket_has_its_own_guard() -> None:
    """File permissions; clients send any Host there, docker's builder an empty one."""

    async def test() -> None:
        async with serving(guarded) as running:
            for host in (b"evil.example", b"", b"api.moby.localhost"):
                answer = await running.ask(b"GET / HTTP/1.1\r\nHost: %s\r\nOrigin: http://x\r\n\r\n" % host)
                assert answer[0] == 200

    run(test)
