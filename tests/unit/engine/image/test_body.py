"""A request's body in a thread: whole, in order, held back, and ended by whatever ends the request."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.engine.image.body import Body
from boxship.lib.bridge import bulk


async def pieces(*values: bytes) -> AsyncIterator[bytes]:
    """An async iterator of the values."""
    for value in values:
        yield value


def read_all(body: Body, size: int) -> list[bytes]:
    """What `read` gives until the end."""
    return list(iter(lambda: body.read(size), b""))


@given(st.lists(st.binary(max_size=50), max_size=80), st.integers(1, 60))
def test_all_of_it_in_order(values: list[bytes], size: int) -> None:
    async def run() -> list[bytes]:
        async with Body(pieces(*values)) as body:
            read = await bulk(read_all, body, size)
            assert await bulk(body.read, 1) == b"", "the end stays the end"
            return read

    read = asyncio.run(run())
    assert b"".join(read) == b"".join(values)
    assert all(len(data) <= size for data in read)


def test_the_client_is_held_back() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x"

    async def run() -> None:
        async with Body(endless()) as body:
            for _ in range(200):
                await asyncio.sleep(0)
            assert taken < 50
            assert await bulk(body.read, 10) == b"x"

    asyncio.run(run())


def test_an_error_of_the_client_reaches_the_thread() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"some"
        raise ConnectionResetError("gone")

    async def run() -> None:
        async with Body(broken()) as body:
            assert await bulk(body.read, 10) == b"some"
            for _ in range(2):
                with pytest.raises(ConnectionResetError):
                    await bulk(body.read, 10)

    asyncio.run(run())


def test_a_thread_that_still_reads_ends_with_its_request() -> None:
    async def stalled() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    async def run() -> None:
        async with Body(stalled()) as body:
            reading = asyncio.ensure_future(bulk(body.read, 10))
            await asyncio.sleep(0)
        with pytest.raises(ConnectionError, match="given up"):
            await reading

    asyncio.run(run())
