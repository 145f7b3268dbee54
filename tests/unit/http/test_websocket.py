"""The handshake, and the relay between frames and bytes, against wsproto's client side."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage

from boxship.http.request import Request
from boxship.http.websocket import HandshakeError, Relay, accept_head, refusal

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ASKED = {
    "Host": "x",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def request(**changes: str | None) -> Request:
    headers = ASKED | {name.replace("_", "-"): value for name, value in changes.items()}
    fields = [(name, value) for name, value in headers.items() if value is not None]
    nobody: Any = None
    return Request(nobody, h11.Request(method="GET", target="/x/attach/ws", headers=fields))


def test_the_example_of_the_standard() -> None:
    head = accept_head(request())
    assert head.endswith(b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")


def test_one_protocol_is_taken() -> None:
    assert b"\r\nSec-WebSocket-Protocol: foo\r\n" in accept_head(request(Sec_WebSocket_Protocol="foo"))


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"Upgrade": None}, b"HTTP/1.1 400 Bad Request\r\n\r\nnot websocket protocol"),
        ({"Upgrade": "tcp"}, b"HTTP/1.1 400 Bad Request\r\n\r\nnot websocket protocol"),
        ({"Connection": "close"}, b"HTTP/1.1 400 Bad Request\r\n\r\nnot websocket protocol"),
        ({"Sec_WebSocket_Key": None}, b"HTTP/1.1 400 Bad Request\r\n\r\nmismatch challenge/response"),
        (
            {"Sec_WebSocket_Version": "8"},
            b"HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13\r\n\r\nmissing or bad WebSocket Version",
        ),
        ({"Sec_WebSocket_Protocol": "a, b"}, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ],
)
def test_what_is_no_handshake(changes: dict[str, str | None], answer: bytes) -> None:
    with pytest.raises(HandshakeError) as caught:
        accept_head(request(**changes))
    assert refusal(caught.value) == answer


class Ends:
    """Both ends of a relay that runs: a client that speaks frames, and the stream inside."""

    def __init__(self, *, text: bool, leftover: bytes) -> None:
        self.sock, theirs = socket.socketpair()
        self.inner, ours = socket.socketpair()
        for sock in (self.sock, self.inner):
            sock.setblocking(False)
        self.protocol = Connection(ConnectionType.CLIENT)
        self.task = asyncio.ensure_future(Relay(theirs, ours, text=text).run(leftover))
        self.loop = asyncio.get_running_loop()

    async def say(self, *events: Event) -> None:
        await self.loop.sock_sendall(self.sock, b"".join(self.protocol.send(event) for event in events))

    async def hear(self) -> list[Event]:
        """Everything until the relay ends the connection."""
        heard: list[Event] = []
        while data := await self.loop.sock_recv(self.sock, 1 << 16):
            self.protocol.receive_data(data)
            heard += self.protocol.events()
        return heard

    async def inside(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += await self.loop.sock_recv(self.inner, 1 << 16)
        return data

    async def close(self) -> None:
        await asyncio.wait_for(self.task, 20)
        self.sock.close()
        self.inner.close()


def run(scenario: Any, *, text: bool = False, leftover: bytes = b"") -> None:
    async def main() -> None:
        ends = Ends(text=text, leftover=leftover)
        try:
            await scenario(ends)
        finally:
            await ends.close()

    asyncio.run(main())


def test_messages_become_bytes_and_bytes_messages() -> None:
    async def scenario(ends: Ends) -> None:
        await ends.say(BytesMessage(data=b"\x00\xff"), TextMessage(data="ä"), Ping(payload=b"p"))
        assert await ends.inside(4) == b"\x00\xff\xc3\xa4"
        await ends.loop.sock_sendall(ends.inner, b"\xfe out")
        ends.inner.shutdown(socket.SHUT_WR)
        heard = await ends.hear()
        assert Pong(payload=b"p") in heard
        assert b"".join(bytes(e.data) for e in heard if isinstance(e, BytesMessage)) == b"\xfe out"
        assert isinstance(heard[-1], CloseConnection)
        assert heard[-1].code == 1000

    run(scenario)


def test_what_came_with_the_request_counts() -> None:
    client = Connection(ConnectionType.CLIENT)
    early = client.send(BytesMessage(data=b"early"))

    async def scenario(ends: Ends) -> None:
        assert await ends.inside(5) == b"early"
        ends.sock.shutdown(socket.SHUT_WR)

    run(scenario, leftover=early)


def test_a_big_message_comes_in_pieces() -> None:
    async def scenario(ends: Ends) -> None:
        sending = asyncio.ensure_future(ends.say(BytesMessage(data=b"x" * 3_000_000)))
        assert await ends.inside(3_000_000) == b"x" * 3_000_000
        await sending
        ends.inner.close()

    run(scenario)


def test_old_clients_get_text() -> None:
    """Characters that are cut between two reads are put together; what is no UTF-8 becomes U+FFFD."""

    async def scenario(ends: Ends) -> None:
        for piece in (b"\xc3", b"\xa4\xff"):
            await ends.loop.sock_sendall(ends.inner, piece)
            await asyncio.sleep(0.01)
        ends.inner.shutdown(socket.SHUT_WR)
        assert "".join(e.data for e in await ends.hear() if isinstance(e, TextMessage)) == "ä\ufffd"

    run(scenario, text=True)


def test_the_client_closes() -> None:
    async def scenario(ends: Ends) -> None:
        await ends.say(CloseConnection(code=1001))
        heard = await ends.hear()
        assert [e.code for e in heard if isinstance(e, CloseConnection)] == [1001]

    run(scenario)


@given(st.binary(max_size=60))
def test_any_bytes_end_or_wait(data: bytes) -> None:
    """Nobody's bytes raise anything or keep the relay once the client has gone."""

    async def scenario(ends: Ends) -> None:
        try:
            await ends.loop.sock_sendall(ends.sock, data)
            ends.sock.shutdown(socket.SHUT_WR)
        except OSError:
            # The relay has ended the connection by now.
            pass

    run(scenario)
