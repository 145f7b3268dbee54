"""One request after the other, from the routes that the server has."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from boxship.server.handler import load_verbs
from boxship.server.router import ROUTES
from tests.support.fuzz.values import JUNK, Values

# What a query may ask: our own list, wider than any one endpoint's.
_PARAMETERS = (
    *(
        "all",
        "limit",
        "size",
        "filters",
        "name",
        "platform",
        "t",
        "signal",
        "condition",
        "v",
        "force",
        "link",
        "follow",
    ),
    *(
        "stdout",
        "stderr",
        "stdin",
        "stream",
        "logs",
        "since",
        "until",
        "tail",
        "timestamps",
        "details",
        "detachKeys",
        "h",
        "w",
    ),
    *(
        "fromImage",
        "fromSrc",
        "repo",
        "tag",
        "quiet",
        "noprune",
        "digests",
        "manifests",
        "path",
        "ps_args",
        "one-shot",
        "type",
    ),
    *("noOverwriteDirNonDir", "copyUIDGID", "verbose", "scope", "changes", "message", "container", "pause", "author"),
)
_FILTERS = (
    "id",
    "name",
    "label",
    "status",
    "exited",
    "ancestor",
    "before",
    "since",
    "event",
    "dangling",
    "reference",
    "x",
)
# They wait for something to happen: nobody waits long for them here.
_SLOW = ("/events", "/wait", "/attach", "/logs", "/stats", "/attach/ws", "/start")


@dataclass(frozen=True)
class Asked:
    """One request. patience: how long its answer is waited for, in seconds."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    patience: float

    def head(self) -> bytes:
        """The request's head, its body's length said."""
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: docker"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


class Requests:
    """Request number n of a seed is always the same, as long as the containers have the same names."""

    def __init__(self, seed: int, image: str, folder: str, prefix: str) -> None:
        """prefix: how the names of containers begin."""
        load_verbs()
        self._routes: Sequence[tuple[str, str]] = sorted(ROUTES)
        self._weights = [
            5 if pattern.startswith(("/containers", "/exec", "/events")) else 1 for _, pattern in self._routes
        ]
        self.random = random.Random(seed)
        self._values = Values(self.random, folder)
        self._image = image
        self._prefix = prefix
        self.execs: list[str] = []

    def next(self) -> Asked:
        """The next request."""
        chance = self.random
        method, pattern = chance.choices(self._routes, self._weights)[0]
        if chance.random() < 0.35:
            # Most of what can happen needs a container.
            method, pattern = chance.choice((("POST", "/containers/create"), ("POST", "/containers/{ref}/start")))
        path = self._fill(pattern)
        if chance.random() < 0.02:
            method = chance.choice(("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE", "X"))
        if chance.random() < 0.5:
            path = (
                chance.choice(("/v1.24", "/v1.40", "/v1.44", "/v1.51", "/v1.51", "/v1.51", "/v9.9", "/v0", "/v1.x"))
                + path
            )
        query = self._query(pattern)
        body, kind = self._body(method, pattern)
        headers = [("Content-Type", kind)] if kind else []
        if pattern.endswith(("/attach", "/start")) and chance.random() < 0.5:
            headers += [("Connection", "Upgrade"), ("Upgrade", "tcp")]
        patience = 0.05 if pattern.endswith(_SLOW) else 30.0
        return Asked(method, f"{path}?{query}" if query else path, tuple(headers), body, patience)

    def _fill(self, pattern: str) -> str:
        if "{" not in pattern:
            return pattern
        before, _, rest = pattern.partition("{")
        variable, _, after = rest.partition("}")
        chance = self.random
        if chance.random() < 0.15:
            value = chance.choice(JUNK)
        elif variable == "exec_id" and self.execs:
            value = chance.choice(self.execs[-8:])
        elif before == "/images/":
            value = chance.choice((self._image, "nobody:1", "sha256:0", "a/b/c", "localhost:1/x"))
        else:
            value = self.name()
        return before + quote(value, safe=chance.choice(("", "/:"))) + after

    def name(self) -> str:
        """One of few container names, so that requests meet."""
        return f"{self._prefix}{self.random.randrange(8)}"

    def _query(self, pattern: str) -> str:
        chance = self.random
        pairs = [
            (chance.choice(_PARAMETERS), chance.choice((*JUNK, "1", "1", "0")))
            for _ in range(chance.choice((0, 0, 1, 2, 4)))
        ]
        if pattern.endswith(("/json", "/events", "/prune")) and chance.random() < 0.3:
            pairs.append(("filters", self._filters()))
        if pattern == "/containers/create" and chance.random() < 0.95:
            pairs.append(("name", self.name()))
        if pattern.endswith("/wait"):
            pairs.append(("condition", chance.choice(("not-running", "next-exit", "removed", "x"))))
        if pattern.endswith(("/stop", "/restart")):
            pairs.append(("t", chance.choice(("0", "0", "x", "-1"))))
        if pattern.endswith("/archive"):
            pairs.append(("path", chance.choice(("/", "/etc", "/bin/sh", "/nothing", "../..", "/proc/1/root", *JUNK))))
        joined = "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)
        return joined if chance.random() < 0.97 else joined + chance.choice(("&", "%", "&=&;", "&a=%zz", "#x"))

    def _filters(self) -> str:
        chance = self.random
        wanted: dict[str, Any] = {
            chance.choice(_FILTERS): chance.choice(
                ({chance.choice(JUNK): True}, [chance.choice(JUNK)], chance.choice(JUNK), None)
            )
            for _ in range(chance.choice((1, 2)))
        }
        return json.dumps(wanted)

    def _body(self, method: str, pattern: str) -> tuple[bytes, str]:
        if method not in ("POST", "PUT"):
            return b"", ""
        chance, values = self.random, self._values
        value: Any
        match pattern:
            case "/containers/create":
                value = values.create_body(self._image)
            case "/containers/{ref}/update":
                value = values.update_body()
            case "/containers/{ref}/exec":
                value = values.exec_body()
            case "/exec/{exec_id}/start":
                value = chance.choice(({"Detach": True}, {"Detach": False, "Tty": False}, {"Tty": True}, {}, None, 7))
            case "/images/load" | "/containers/{ref}/archive" | "/build":
                junk = chance.randbytes(chance.choice((0, 1, 511, 512, 10240)))
                return junk, chance.choice(("application/x-tar", "application/octet-stream", ""))
            case _:
                if chance.random() < 0.7:
                    return b"", ""
                value = chance.choice((None, {}, [], 1, "x", {"Name": chance.choice(JUNK)}))
        data = json.dumps(value).encode()
        if chance.random() < 0.03:
            data = data[: chance.randrange(len(data) + 1)] + chance.choice((b"", b"}", b"\xff\xfe", b"\x00"))
        return data, chance.choice(
            ("application/json",) * 12 + ("", "text/plain", "application/json; charset=utf-8", ";")
        )
