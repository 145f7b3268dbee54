"""A small HTTP proxy: CONNECT and plain requests, to servers of the test's own whatever their names say."""

from __future__ import annotations

import http.client
import socket
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Proxy:
    """A proxy that runs. asked: method, target, headers by lower-case name, of what it saw in the clear."""

    host: str
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)


@contextmanager
def proxy(servers: Mapping[str, str], authorization: str = "") -> Iterator[Proxy]:
    """Run one. servers: host:port of the loopback by the host that is asked for; authorization: what it insists on."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            server = self._admitted(self.path.rpartition(":")[0])
            if server is None:
                return
            name, _, port = server.partition(":")
            with socket.create_connection((name, int(port))) as there:
                self.send_response(200, "Connection established")
                self.end_headers()
                back = threading.Thread(target=_relay, args=(there, self.connection), daemon=True)
                back.start()
                _relay(self.connection, there)
                back.join(10)
            self.close_connection = True

        def _plain(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            server = self._admitted(parts.hostname or "")
            if server is None:
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if not name.lower().startswith("proxy-")}
            connection = http.client.HTTPConnection(server, timeout=30)
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(self.command, target, body, headers)
            answer = connection.getresponse()
            data = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                    self.send_header(name, value)
            told = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", told or str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            connection.close()

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _plain

        def _admitted(self, host: str) -> str | None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            running.asked.append((self.command, self.path, headers))
            if authorization and self.headers.get("Proxy-Authorization") != authorization:
                self.send_error(407)
                return None
            if host not in servers:
                self.send_error(502)
                return None
            return servers[host]

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running = Proxy(f"127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()


def _relay(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
