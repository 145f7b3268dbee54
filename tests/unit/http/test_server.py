"""The server at work: requests, answers, bodies, streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from hypothesis import given, settings
from hypothesis import strategies as st

from boxship.http.request import BodyTooLarge, ClientGone, Request
from boxship.lib.errors import InvalidParameter
from tests.support.http import echo, run, serving

CHUNKED = (
    b"POST /v1.51/a%20b?x=1 HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n\r\n"
)
SIZED = b"PUT /s HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n\r\nabc"
PLAIN = b"GET /g HTTP/1.1\r\nHost: d\r\n\r\n"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 60), max_size=40))
def test_requests_may_be_cut_anywhere(sizes: list[int]) -> None:
    """Three pipelined requests in pieces of any size: three answers, in order."""

    async def test() -> None:
        async with serving(echo) as running:
            client = await running.connect()
            wire = CHUNKED + SIZED + PLAIN
            for size in sizes:
                client.send(wire[:size])
                wire = wire[size:]
                await asyncio.sleep(0)
            client.send(wire)
            assert await client.answer() == (200, b"POST /v1.51/a b hello world")
            assert await client.answer() == (200, b"PUT /s abc")
            assert await client.answer() == (200, b"GET /g ")
            await client.close()

    run(test)


def test_one_request_at_a_time() -> None:
    """A pipelined request waits until the one before is answered."""
    running_now, most = 0, 0

    async def handler(request: Request) -> None:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        await asyncio.sleep(0.01)
        running_now -= 1
        await request.respond(200, request.path.encode())

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: d\r\n\r\n" % number for number in range(20)))
            for number in range(20):
                assert await client.answer() == (200, b"/%d" % number)
            await client.close()
        assert most == 1

    run(test)


def test_head_and_empty_answers_have_no_body() -> None:
    """HEAD, 204 and 304; the connection goes on behind them."""

    async def handler(request: Request) -> None:
        status = int(request.text("status", "200"))
        await request.respond(status, b"body" if status == 200 else b"")

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            client.send(b"HEAD / HTTP/1.1\r\nHost: d\r\n\r\n")
            status, headers = await client.head()
            assert (status, headers["content-length"]) == (200, "4")
            for status in (204, 304):
                client.send(b"GET /?status=%d HTTP/1.1\r\nHost: d\r\n\r\n" % status)
                got, headers = await client.head()
                assert got == status
                assert "content-length" not in headers and "content-type" not in headers
            client.send(PLAIN)
            assert await client.answer() == (200, b"body")
            await client.close()

    run(test)


def test_http_1_0_is_answered_and_closed() -> None:
    """Old clients know no chunks."""

    async def handler(request: Request) -> None:
        await request.start(200)
        await request.send(b"part")
        await request.end()

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            client.send(b"GET / HTTP/1.0\r\n\r\n")
            answer = await client.rest()
            assert answer.endswith(b"\r\n\r\npart")
            assert b"chunked" not in answer
            await client.close()

    run(test)


def test_continue_is_said_only_when_the_body_is_wanted() -> None:
    """RFC 9110, section 10.1.1."""
    asking = b"POST %s HTTP/1.1\r\nHost: d\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"

    async def handler(request: Request) -> None:
        if request.path == "/refused":
            await request.respond(403, b"no")
        else:
            await request.respond(200, await request.body())

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            client.send(asking % b"/taken")
            assert await client.head() == (100, {})
            client.send(b"body")
            assert await client.answer() == (200, b"body")
            client.send(asking % b"/refused")
            status, headers = await client.head()
            assert (status, headers["connection"]) == (403, "close")
            assert await client.rest() == b"no"
            await client.close()

    run(test)


def test_a_long_body_is_held_back_not_gathered() -> None:
    """While nobody reads, only so much is taken from the client."""
    go_on = asyncio.Event()

    async def handler(request: Request) -> None:
        await go_on.wait()
        size = 0
        async for piece in request.stream():
            size += len(piece)
        await request.respond(200, str(size).encode())

    async def test() -> None:
        total = 32 << 20
        async with serving(handler) as running:
            client = await running.connect()
            client.send(b"POST / HTTP/1.1\r\nHost: d\r\nContent-Length: %d\r\n\r\n" % total)
            sent = 0
            while sent < total:
                client.send(bytes(1 << 20))
                sent += 1 << 20
                try:
                    await asyncio.wait_for(client.writer.drain(), 0.2)
                except TimeoutError:
                    break
            assert sent < total, "the server took it all though nobody read"
            go_on.set()
            while sent < total:
                client.send(bytes(1 << 20))
                sent += 1 << 20
                await client.writer.drain()
            assert await client.answer() == (200, str(total).encode())
            await client.close()

    run(test)


def test_a_body_over_the_limit() -> None:
    """By its declared length, and by what comes in chunks."""
    seen = []

    async def handler(request: Request) -> None:
        try:
            await request.body(10)
        except BodyTooLarge as error:
            seen.append(error.message)
            await request.respond(413)

    async def test() -> None:
        async with serving(handler) as running:
            sized = b"POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 11\r\n\r\n" + b"x" * 11
            assert await running.ask(sized) == (413, b"")
            chunks = (
                b"POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n" + b"x" * 11 + b"\r\n0\r\n\r\n"
            )
            assert await running.ask(chunks) == (413, b"")
        assert len(seen) == 2

    run(test)


def test_an_unread_body_does_not_spoil_the_next_request() -> None:
    """A short one is read away; with a long one the connection ends, and the answer still arrives."""

    async def handler(request: Request) -> None:
        await request.respond(200, b"answered")

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            client.send(SIZED + PLAIN)
            assert await client.answer() == (200, b"answered")
            assert await client.answer() == (200, b"answered")
            await client.close()
            client = await running.connect()
            client.send(b"POST / HTTP/1.1\r\nHost: d\r\nContent-Length: %d\r\n\r\n" % (1 << 30))
            client.send(bytes(1 << 20))
            assert await client.answer() == (200, b"answered")
            await client.close()

    run(test)


def test_a_stream_ends_with_its_client() -> None:
    """The generator is closed as soon as the client is gone, also when it has nothing to say."""
    ended = asyncio.Event()

    async def silence() -> AsyncIterator[bytes]:
        try:
            yield b"first"
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def handler(request: Request) -> None:
        await request.start(200)
        await request.relay(silence())

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            client.send(PLAIN)
            assert (await client.head())[0] == 200
            await client.line()
            await client.close()
            await ended.wait()

    run(test)


def test_a_client_that_does_not_read_stops_nobody() -> None:
    """Its stream waits; others are served."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1 << 16)

    async def handler(request: Request) -> None:
        if request.path == "/g":
            await request.respond(200, b"quick")
            return
        await request.start(200)
        await request.relay(endless())

    async def test() -> None:
        async with serving(handler) as running:
            stalled = [await running.connect() for _ in range(10)]
            for client in stalled:
                client.send(b"GET /endless HTTP/1.1\r\nHost: d\r\n\r\n")
                await client.head()
                client.writer.transport.pause_reading()
            for _ in range(20):
                assert await running.ask(PLAIN) == (200, b"quick")
            for client in stalled:
                client.writer.transport.abort()

    run(test)


def test_a_handler_that_fails() -> None:
    """500 while nothing was sent; else the connection is cut, so that nobody takes a part for the whole."""

    async def handler(request: Request) -> None:
        if request.path == "/late":
            await request.start(200)
            await request.send(b"part")
        raise RuntimeError("a mistake")

    async def test() -> None:
        async with serving(handler) as running:
            status, body = await running.ask(PLAIN)
            assert status == 500 and b"message" in body
            client = await running.connect()
            client.send(b"GET /late HTTP/1.1\r\nHost: d\r\n\r\n")
            assert not (await client.rest()).endswith(b"0\r\n\r\n")
            await client.close()

    run(test)


def test_the_end_of_the_server() -> None:
    """Idle connections close, a request under way is answered, a stream is cut without looking complete."""
    started, go_on = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> None:
        if request.path == "/stream":
            await request.start(200)
            await request.unless_gone(asyncio.Event().wait())
        started.set()
        await go_on.wait()
        await request.respond(200, b"whole")

    async def test() -> None:
        async with serving(handler) as running:
            idle, streaming, working = [await running.connect() for _ in range(3)]
            streaming.send(b"GET /stream HTTP/1.1\r\nHost: d\r\n\r\n")
            await streaming.head()
            working.send(PLAIN)
            await started.wait()
            closing = asyncio.ensure_future(running.server.close(grace=30))
            assert await idle.rest() == b""
            assert await streaming.rest() == b""
            go_on.set()
            assert await working.answer() == (200, b"whole")
            await closing
            assert running.server.connections == 0
            for client in (idle, streaming, working):
                await client.close()

    run(test)


def test_a_body_that_ends_early() -> None:
    """A client that goes in the middle of its request is gone, not wrong."""
    seen: list[type[BaseException]] = []
    done = asyncio.Event()

    async def handler(request: Request) -> None:
        try:
            await request.body()
        except (ClientGone, InvalidParameter) as error:
            seen.append(type(error))
            raise
        finally:
            done.set()

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            client.send(b"POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 100\r\n\r\nabc")
            await client.close()
            await done.wait()
        assert seen == [ClientGone]

    run(test)


def test_parameters() -> None:
    """Flags and numbers as Docker reads them."""
    seen: dict[str, object] = {}

    async def handler(request: Request) -> None:
        seen.update({name: request.flag(name) for name in request.query})
        seen["default"] = request.flag("missing", True)
        seen["number"] = request.number("number", 5)
        seen["none"] = request.number("missing", 5)
        await request.respond(200)

    async def test() -> None:
        async with serving(handler) as running:
            query = b"a=1&b=true&c=yes&d=x&e=0&f=No&g=FALSE&h=none&i=&number=-12"
            await running.ask(b"GET /?" + query + b" HTTP/1.1\r\nHost: d\r\n\r\n")
        assert [seen[name] for name in "abcdefghi"] == [True] * 4 + [False] * 5
        assert (seen["default"], seen["number"], seen["none"]) == (True, -12, 5)

    run(test)


def test_small_chunks_that_are_here_come_as_one_piece() -> None:
    """docker cp sends 32 KiB chunks; each by itself would be a turn of the loop and a write to a worker's pipe."""
    pieces: list[int] = []

    async def handler(request: Request) -> None:
        await asyncio.sleep(0.05)
        async for piece in request.stream():
            pieces.append(len(piece))
        await request.respond(200)

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            client.send(b"POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n")
            await asyncio.sleep(0.02)
            client.send(b"400\r\n" + bytes(1024) + b"\r\n")
            client.send((b"400\r\n" + bytes(1024) + b"\r\n") * 99 + b"0\r\n\r\n")
            assert (await client.answer())[0] == 200
            await client.close()

    run(test)
    assert sum(pieces) == 100 << 10
    assert len(pieces) < 10


def test_what_came_before_a_broken_chunk_comes_before_the_error() -> None:
    seen = bytearray()

    async def handler(request: Request) -> None:
        async for piece in request.stream():
            seen.extend(piece)

    async def failing(request: Request) -> None:
        try:
            await handler(request)
        except InvalidParameter as error:
            await request.respond(400, error.message.encode())
            # It stays broken, whoever asks.
            try:
                await handler(request)
            except InvalidParameter:
                seen.extend(b"!")

    async def test() -> None:
        async with serving(failing) as running:
            client = await running.connect()
            client.send(
                b"POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\nno\r\n"
            )
            status, body = await client.answer()
            assert status == 400 and body.startswith(b"the request's body is broken")
            await client.close()

    run(test)
    assert seen == b"onetwo!"
