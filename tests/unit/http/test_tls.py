"""TLS as bytes in, bytes out: whatever the wire's pieces are, and with either side's end first."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.http.tls import TlsCodec
from tests.support.certificates import Authority

Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Contexts:
    authority = Authority(Path(tmp_path_factory.mktemp("tls")), "unit")
    pair, own = authority.server("DNS:localhost"), authority.client()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pair.cert, pair.key)
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(authority.ca)
    client = ssl.create_default_context(cafile=str(authority.ca))
    client.load_cert_chain(own.cert, own.key)
    return server, client


def connect(contexts: Contexts) -> tuple[TlsCodec, TlsCodec]:
    server, client = TlsCodec(contexts[0]), TlsCodec(contexts[1], server_name="localhost")
    done = [False, False]
    while not all(done):
        for at, (one, other) in enumerate(((client, server), (server, client))):
            done[at] = done[at] or one.handshake()
            other.feed(one.to_send())
    server.feed(client.to_send())
    return server, client


def read(codec: TlsCodec) -> tuple[bytes, bool]:
    """All that there is, and whether the other side has ended."""
    out = b""
    while piece := codec.read():
        out += piece
    return out, piece == b""


@given(
    st.lists(st.binary(max_size=40_000), max_size=4),
    st.lists(st.binary(max_size=40_000), max_size=4),
    st.integers(1, 50_000),
)
def test_a_half_close_loses_nothing(contexts: Contexts, up: list[bytes], down: list[bytes], step: int) -> None:
    """The client ends first, and what the server says afterwards arrives, and its end."""
    server, client = connect(contexts)
    for piece in up:
        client.write(piece)
    client.read()
    client.end()
    wire, got, ended = client.to_send(), b"", False
    while wire:
        server.feed(wire[:step])
        wire = wire[step:]
        more, ended = read(server)
        got += more
    assert (got, ended) == (b"".join(up), True)
    for piece in down:
        server.write(piece)
    server.end()
    wire, got, ended = server.to_send(), b"", False
    while wire:
        client.feed(wire[:step])
        wire = wire[step:]
        more, ended = read(client)
        got += more
    assert (got, ended) == (b"".join(down), True)


@given(st.binary(min_size=1, max_size=200), st.integers(0, 100))
def test_what_was_changed_on_the_way_is_refused(contexts: Contexts, data: bytes, at: int) -> None:
    server, client = connect(contexts)
    client.write(data)
    wire = bytearray(client.to_send())
    wire[5 + at % (len(wire) - 5)] ^= 1
    server.feed(bytes(wire))
    with pytest.raises(ssl.SSLError):
        server.read()
