"""Bodies that come out of pipes: framed and whole, and the connection is good for the next request."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from boxship.http.request import ClientGone, Request
from boxship.runtime.launch.ready import PipeReader
from tests.support.http import run, serving

DATA = os.urandom(3_000_000)
GET = b"GET /g HTTP/1.1\r\nHost: d\r\n\r\n"


def filled() -> int:
    """The read end of a pipe into which all of DATA goes."""
    ours, theirs = os.pipe()

    def write() -> None:
        with open(theirs, "wb", buffering=0) as pipe:
            view = memoryview(DATA)
            try:
                while view:
                    view = view[pipe.write(view) :]
            except BrokenPipeError:
                pass

    threading.Thread(target=write, daemon=True).start()
    return ours


async def answer(request: Request, headers: list[tuple[str, str]]) -> None:
    """Send a word and DATA, then two words."""
    reader = PipeReader(filled())
    try:
        await request.start(200, headers)
        await request.send(b"first")
        while count := await reader.ready():
            await request.send_pipe(reader.fd, count)
        await request.send(b"last")
        await request.end()
    finally:
        reader.close()


@pytest.mark.parametrize("sized", [False, True], ids=["chunked", "sized"])
def test_all_of_it_arrives(sized: bool) -> None:
    """In order with what goes the common way, twice on one connection."""

    async def handler(request: Request) -> None:
        await answer(request, [("Content-Length", str(len(DATA) + 9))] if sized else [])

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            for _ in range(2):
                client.send(GET)
                assert await client.answer() == (200, b"first" + DATA + b"last")
            await client.close()

    run(test)


def test_a_client_that_goes() -> None:
    """The handler hears of it, with the pipe half full."""
    heard = asyncio.Event()

    async def handler(request: Request) -> None:
        try:
            await answer(request, [])
        except ClientGone:
            heard.set()
            raise

    async def test() -> None:
        async with serving(handler) as running:
            client = await running.connect()
            client.send(GET)
            await asyncio.sleep(0.05)
            await client.close()
            await asyncio.wait_for(heard.wait(), 20)

    run(test)
