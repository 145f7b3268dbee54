"""The Engine API over a unix socket, as little of it as the measurements need."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

from bench.errors import MeasurementFailed

VERSION = "v1.51"


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Api:
    """One connection, used again and again. Belongs to one thread."""

    def __init__(self, socket_path: str, timeout: float = 120) -> None:
        self._connection = _Connection(socket_path, timeout)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer, None for an empty one. MeasurementFailed for a status of 400 and above."""
        data = b"" if body is None else json.dumps(body).encode()
        self._connection.request(method, f"/{VERSION}{path}", data, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise MeasurementFailed(f"{method} {path}: {answer.status} {text.decode(errors='replace').strip()}")
        return json.loads(text) if text.strip() else None

    def pieces(self, path: str) -> Iterator[bytes]:
        """The body of an answer as it comes. MeasurementFailed for a status of 400 and above."""
        self._connection.request("GET", f"/{VERSION}{path}")
        answer = self._connection.getresponse()
        if answer.status >= 400:
            raise MeasurementFailed(f"GET {path}: {answer.status} {answer.read().decode(errors='replace').strip()}")
        while piece := answer.read1(1 << 20):
            yield piece

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
