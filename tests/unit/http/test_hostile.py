"""Clients that are slow, wrong or hostile."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxship.http.incoming import Limits
from boxship.http.request import Request
from tests.support.http import echo, run, serving

GOOD = b"GET /good HTTP/1.1\r\nHost: d\r\n\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"rubbish\r\n\r\n", 400),
        (b"GET /%zz HTTP/1.1\r\nHost: d\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: d\r\nbad header\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: d\r\nX: a\x00b\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: d\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: d\r\nX: " + b"x" * 9000, 431),
        (b"GET /" + b"x" * 9000, 431),
    ],
)
def test_heads_that_are_none(request_bytes: bytes, status: int) -> None:
    """A clear answer, then the end of the connection; the server goes on."""

    async def test() -> None:
        async with serving(echo, Limits(head_bytes=8192)) as running:
            client = await running.connect()
            client.send(request_bytes)
            got, headers = await client.head()
            assert got == status
            assert headers["connection"] == "close"
            assert (await client.rest()).startswith(b"%d " % status)
            await client.close()
            assert await running.ask(GOOD) == (200, b"GET /good ")

    run(test)


@pytest.mark.parametrize(
    "body",
    [b"zz\r\nhello\r\n", b"-1\r\n", b"5\r\nhelloXX", b"5\r\nhello\r\nq\r\n", b"0" * 300 + b"5\r\nhello\r\n"],
)
def test_bad_chunks(body: bytes) -> None:
    """The handler hears of it (400), and what follows is not taken for another request."""
    seen: list[str] = []

    async def handler(request: Request) -> None:
        seen.append(request.path)
        try:
            await request.body()
        except Exception as error:
            await request.respond(400, str(error).encode())
        else:
            await request.respond(200)

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            client.send(b"POST /a HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n" + body + GOOD)
            status, answer = await client.answer()
            assert status == 400
            assert b"body is broken" in answer
            assert await client.rest() == b""
            await client.close()
        assert seen == ["/a"]

    run(test)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    """Whatever is sent, the next client is served."""

    async def test() -> None:
        async with serving(echo, Limits(head_bytes=256, linger_seconds=0.05)) as running:
            client = await running.connect()
            client.send(data)
            client.writer.write_eof()
            await client.rest()
            await client.close()
            assert await running.ask(GOOD) == (200, b"GET /good ")

    run(test)


def test_slow_heads_are_dropped() -> None:
    """A head has a time limit, from the connect and from its first byte; a quiet connection between requests none."""

    async def test() -> None:
        async with serving(echo, Limits(head_seconds=0.3)) as running:
            silent, slow, quiet = [await running.connect() for _ in range(3)]
            quiet.send(GOOD)
            assert await quiet.answer() == (200, b"GET /good ")
            slow.send(b"GET / HT")
            assert await silent.rest() == b""
            assert await slow.rest() == b""
            await asyncio.sleep(0.4)
            quiet.send(GOOD)
            assert await quiet.answer() == (200, b"GET /good ")
            quiet.send(GOOD[:9])
            assert await quiet.rest() == b""
            for client in (silent, slow, quiet):
                await client.close()

    run(test)


def test_half_closed_clients_get_their_answer() -> None:
    """`nc` closes its writing half as soon as its input ends."""

    async def test() -> None:
        async with serving(echo) as running:
            client = await running.connect()
            client.send(GOOD + GOOD)
            client.writer.write_eof()
            assert await client.answer() == (200, b"GET /good ")
            assert await client.answer() == (200, b"GET /good ")
            assert await client.rest() == b""
            await client.close()

    run(test)


def test_requests_sent_far_ahead_are_held_back() -> None:
    """Pipelining costs no memory: the client waits."""
    go_on = asyncio.Event()
    served = 0

    async def handler(request: Request) -> None:
        nonlocal served
        await go_on.wait()
        served += 1
        await request.respond(200, content_type="")

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            sent = 0
            while sent < 1_000_000:
                client.send(GOOD * 10_000)
                sent += 10_000
                try:
                    await asyncio.wait_for(client.writer.drain(), 0.2)
                except TimeoutError:
                    break
            assert sent < 1_000_000
            client.writer.transport.abort()
            go_on.set()

    run(test)
