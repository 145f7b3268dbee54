"""Connections that leave HTTP: docker attach and exec."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxship.http.request import Request, upgrade_head
from tests.support.http import run, serving

RAW = "application/vnd.docker.raw-stream"
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"
UPGRADE = b"POST /attach HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"
OLD = b"POST /attach HTTP/1.1\r\nHost: d\r\n\r\n"
WITH_BODY = b"POST /exec HTTP/1.1\r\nHost: d\r\nUpgrade: tcp\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\n{}"


async def shout(request: Request) -> None:
    """Takes the connection over and gives back in capitals what comes, then says how it ended."""
    if request.path == "/exec":
        await request.body()
    hijacked = await request.hijack(upgrade_head(request, MULTIPLEXED))

    def serve(sock: socket.socket, data: bytes) -> None:
        with sock:
            sock.setblocking(True)
            while data:
                sock.sendall(data.upper())
                data = sock.recv(4096)
            sock.sendall(b"<end>")

    first = hijacked.leftover
    if not first:
        hijacked.sock.setblocking(True)
        first = await asyncio.to_thread(hijacked.sock.recv, 4096)
    await asyncio.to_thread(serve, hijacked.sock, first)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([UPGRADE, OLD, WITH_BODY]), st.binary(max_size=200), st.lists(st.integers(1, 80), max_size=8))
def test_nothing_is_lost_behind_the_head(head: bytes, data: bytes, sizes: list[int]) -> None:
    """Clients send standard input at once, in one packet with the head or in any others."""

    async def test() -> None:
        async with serving(shout) as running:
            client = await running.connect()
            wire = head + data
            for size in sizes:
                client.send(wire[:size])
                wire = wire[size:]
                await asyncio.sleep(0)
            client.send(wire)
            client.writer.write_eof()
            status, headers = await client.head()
            assert status == (200 if head == OLD else 101)
            assert headers["content-type"] == (RAW if head == OLD else MULTIPLEXED)
            assert await client.rest() == data.upper() + b"<end>"
            await client.close()

    run(test)


def test_the_heads_on_the_wire() -> None:
    """As a real Docker sends them."""

    async def handler(request: Request) -> None:
        (await request.hijack(upgrade_head(request, RAW, [("Api-Version", "1.51")]))).sock.close()

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            client.send(UPGRADE)
            assert await client.rest() == (
                b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\n"
                b"Upgrade: tcp\r\nApi-Version: 1.51\r\n\r\n"
            )
            await client.close()
            client = await running.connect()
            client.send(OLD)
            assert await client.rest() == (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\nApi-Version: 1.51\r\n\r\n"
            )
            await client.close()

    run(test)


def test_the_server_lets_go_of_hijacked_connections() -> None:
    """Its end does not touch them: they are the containers' by then."""
    kept: list[socket.socket] = []

    async def handler(request: Request) -> None:
        kept.append((await request.hijack(b"HTTP/1.1 200 OK\r\n\r\n")).sock)

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            client.send(OLD)
            await client.head()
        assert running.server.connections == 0
        kept[0].setblocking(True)
        kept[0].sendall(b"still here\n")
        assert await client.line() == b"still here\n"
        client.send(b"me too")
        assert await asyncio.to_thread(kept[0].recv, 10) == b"me too"
        kept[0].close()
        await client.close()

    run(test)


def test_a_client_that_has_gone_cannot_be_hijacked() -> None:
    """The handler hears of it and keeps nothing."""
    seen: list[str] = []
    done = asyncio.Event()

    async def handler(request: Request) -> None:
        await asyncio.sleep(0.05)
        try:
            for _ in range(100):
                await request.hijack(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1 << 20))
        except ConnectionError:
            seen.append("gone")
            raise
        finally:
            done.set()

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            client.send(OLD)
            await client.writer.drain()
            client.writer.transport.abort()
            await done.wait()
        assert seen == ["gone"]

    run(test)


@pytest.mark.parametrize("size", [0, 1, 1 << 20])
def test_the_head_is_flushed_before_the_socket_is_given_away(size: int) -> None:
    """However much is sent with it."""

    async def handler(request: Request) -> None:
        hijacked = await request.hijack(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(size))
        hijacked.sock.setblocking(True)
        hijacked.sock.sendall(b"after")
        hijacked.sock.close()

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            client.send(OLD)
            assert await client.rest() == b"HTTP/1.1 200 OK\r\n\r\n" + bytes(size) + b"after"
            await client.close()

    run(test)
