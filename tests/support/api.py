"""The Engine API by hand: plain HTTP over the unix socket, so that tests see what is on the wire."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection over a unix socket. timeout in seconds."""

    def __init__(self, path: str, timeout: float = 60) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        """Connect to the socket file."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


@dataclass(frozen=True)
class Answer:
    """A whole answer; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body decoded; None when it is empty."""
        return json.loads(self.body) if self.body else None

    @property
    def value(self) -> Any:
        """The body decoded where it is JSON or a sequence of JSON documents, else its text."""
        text = self.body.decode(errors="replace")
        if "json" not in self.headers.get("content-type", ""):
            return text
        try:
            return json.loads(text)
        except ValueError:
            return [json.loads(line) for line in text.splitlines() if line]


class Api:
    """One engine's API. Paths are given with their version, such as `/v1.51/info`."""

    def __init__(self, socket_path: str) -> None:
        self.socket_path = socket_path

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        timeout: float = 60,
    ) -> Answer:
        """Ask and read the whole answer. A body that is not bytes goes as JSON."""
        data: bytes | None = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            sent.setdefault("Content-Type", "application/json")
        connection = UnixConnection(self.socket_path, timeout)
        try:
            connection.request(method, path, data, sent)
            got = connection.getresponse()
            return Answer(got.status, {key.lower(): value for key, value in got.getheaders()}, got.read())
        finally:
            connection.close()

    def stream(self, method: str, path: str, body: Any = None, *, timeout: float = 60) -> http.client.HTTPResponse:
        """Ask and return as soon as the headers are there; the caller reads and closes."""
        connection = UnixConnection(self.socket_path, timeout)
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        return connection.getresponse()

    def hijack(
        self, path: str, body: Any = None, *, method: str = "POST", early: bytes = b"", timeout: float = 60
    ) -> Hijack:
        """Ask for an upgrade to a raw stream; `early` is sent in the same packet as the request."""
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(timeout)
        sock.connect(self.socket_path)
        data = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        sock.sendall(head.encode() + data + early)
        got = b""
        while b"\r\n\r\n" not in got:
            piece = sock.recv(65536)
            if not piece:
                break
            got += piece
        answer, _, rest = got.partition(b"\r\n\r\n")
        first, *lines = answer.decode().split("\r\n")
        headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        return Hijack(sock, int(first.split()[1]), first, headers, rest)


@dataclass
class Hijack:
    """A connection that has become a raw stream. `rest` was read behind the headers."""

    sock: socket.socket
    status: int
    line: str
    headers: dict[str, str]
    rest: bytes

    def half_close(self) -> None:
        """Say that no more input comes."""
        self.sock.shutdown(socket.SHUT_WR)

    def read_all(self) -> bytes:
        """Everything to the end of the stream."""
        while piece := self.sock.recv(1 << 20):
            self.rest += piece
        data, self.rest = self.rest, b""
        return data

    def read_until(self, wanted: bytes) -> bytes:
        """Read until `wanted` has come; what came up to there."""
        while wanted not in self.rest:
            piece = self.sock.recv(1 << 16)
            if not piece:
                raise AssertionError(f"the stream ended without {wanted!r}: {self.rest!r}")
            self.rest += piece
        before, found, self.rest = self.rest.partition(wanted)
        return before + found

    def close(self) -> None:
        """Let go of the connection."""
        self.sock.close()


def frames(data: bytes) -> list[tuple[int, bytes]]:
    """The frames of a multiplexed stream (Engine API, ContainerAttach, stream format); neighbours are joined."""
    out: list[tuple[int, bytes]] = []
    while data:
        stream, size = data[0], int.from_bytes(data[4:8], "big")
        piece, data = data[8 : 8 + size], data[8 + size :]
        assert len(piece) == size, "a torn frame"
        if out and out[-1][0] == stream:
            out[-1] = (stream, out[-1][1] + piece)
        else:
            out.append((stream, piece))
    return out
