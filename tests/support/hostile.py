"""Registries that misbehave, and lines that break: what a test writes as a function of the request."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    """A request. path: with its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass
class Reply:
    """An answer. length: what Content-Length says, None for the truth, -1 for none; raw: written in place of all."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    raw: Callable[[socket.socket], None] | None = None


Behaviour = Callable[[Asked], Reply]


@dataclass
class Scripted:
    """A server that runs. host: as in references; asked: all requests."""

    host: str
    asked: list[Asked]


@contextmanager
def scripted(behave: Behaviour, address: str = "127.0.0.1") -> Iterator[Scripted]:
    """Answer each request as `behave` says, a thread a connection."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Asked(self.command, self.path, dict(self.headers.items()), body)
            asked.append(request)
            reply = behave(request)
            if reply.raw is not None:
                try:
                    reply.raw(self.connection)
                except OSError:
                    pass
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            length = len(reply.body) if reply.length is None else reply.length
            if length >= 0:
                self.send_header("Content-Length", str(length))
            else:
                self.close_connection = True
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)
            if length != len(reply.body):
                self.close_connection = True

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _any

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    with Server((address, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield Scripted(f"{address}:{server.server_address[1]}", asked)
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Cutter:
    """A line to a server that breaks. host: where to connect; cuts: how many it has broken; limit: how many it may."""

    host: str
    cuts: int = 0


@contextmanager
def cutting(
    target: str, seed: int, *, least: int, most: int, limit: int = 1_000_000, uploads: bool = False
) -> Iterator[Cutter]:
    """Relay to `target` (host:port) and cut each connection after `least` to `most` bytes from the server.

    uploads: count the bytes from the client in place of the server's.
    """
    chance = random.Random(seed)
    name, _, port = target.partition(":")
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    cutter = Cutter(f"127.0.0.1:{listener.getsockname()[1]}")
    open_: set[socket.socket] = set()

    def counted(source: socket.socket, there: socket.socket, left: int) -> None:
        try:
            while data := source.recv(65536):
                if len(data) >= left and cutter.cuts < limit:
                    there.sendall(data[:left])
                    cutter.cuts += 1
                    break
                there.sendall(data)
                left -= len(data)
        except OSError:
            pass
        _end(source, there)

    def free(source: socket.socket, there: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                there.sendall(data)
            there.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection((name, int(port)))
            except OSError:
                return
            open_.update((client, server))
            left = chance.randint(least, most)
            first, second = (client, server) if uploads else (server, client)
            threading.Thread(target=counted, args=(first, second, left), daemon=True).start()
            threading.Thread(target=free, args=(second, first), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield cutter
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        _end(*open_)


def _end(*sockets: socket.socket) -> None:
    for each in sockets:
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        each.close()
