"""Copies that do not come to their end: clients that go, containers that go, a daemon that dies."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine import Engine
from tests.support.tars import file, tar

BIG = 64 << 20


def create(engine: Engine, name: str, *, started: bool) -> str:
    """A container with a file of 64 MB."""
    body = {"Image": "bx/base:1", "Cmd": ["sleep", "1000"], "StopSignal": "KILL"}
    made = engine.api.request("POST", f"/containers/create?name={name}", body).json["Id"]
    put = engine.api.request("PUT", f"/containers/{made}/archive?path=/tmp", tar(file("big", os.urandom(BIG))))
    assert put.status == 200, put.value
    if started:
        assert engine.api.request("POST", f"/containers/{made}/start").status == 204
    return str(made)


def workers(engine: Engine) -> list[int]:
    """The workers of the engine's zygote."""
    zygote = ""
    found: list[tuple[int, str]] = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            name = Path(entry.path, "comm").read_text().strip()
            command = Path(entry.path, "cmdline").read_bytes()
            parent = Path(entry.path, "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if str(engine.run_root).encode() in command:
            if name == "boxship-zygote":
                zygote = entry.name
            elif name == "boxship-worker":
                found.append((int(entry.name), parent))
    return [pid for pid, parent in found if parent == zygote]


def until(condition: Callable[[], Any], what: str) -> None:
    """Wait for it."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def half(engine: Engine, target: str) -> socket.socket:
    """A client that has read the beginning of an answer and no more."""
    client = socket.socket(socket.AF_UNIX)
    client.connect(engine.socket_path)
    client.sendall(f"GET {target} HTTP/1.1\r\nHost: d\r\n\r\n".encode())
    assert client.recv(1000).startswith(b"HTTP/1.1 200")
    return client


def half_upload(engine: Engine, ref: str) -> socket.socket:
    """A client that has sent the beginning of an archive and no more."""
    client = socket.socket(socket.AF_UNIX)
    client.connect(engine.socket_path)
    head = f"PUT /containers/{ref}/archive?path=/tmp HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\n"
    client.sendall(head.encode() + b"Content-Length: 1000000\r\n\r\n" + tar(file("part", b"x" * 900_000))[:500_000])
    until(lambda: workers(engine), "the worker has not begun")
    return client


@pytest.mark.parametrize("started", [False, True], ids=["created", "running"])
def test_the_client_goes(fresh_engine: Engine, started: bool) -> None:
    """Its worker ends, and the container is as before."""
    ref = create(fresh_engine, "copied", started=started)
    for target in (f"/containers/{ref}/archive?path=/tmp", f"/containers/{ref}/export"):
        client = half(fresh_engine, target)
        assert workers(fresh_engine)
        client.close()
        until(lambda: not workers(fresh_engine), "a worker is left")
    half_upload(fresh_engine, ref).close()
    until(lambda: not workers(fresh_engine), "a worker is left")
    assert fresh_engine.api.request("GET", f"/containers/{ref}/archive?path=/etc/passwd").status == 200


@pytest.mark.parametrize("started", [False, True], ids=["created", "running"])
def test_the_container_is_removed(fresh_engine: Engine, started: bool) -> None:
    """The copy is cut off, nothing keeps the container."""
    ref = create(fresh_engine, "copied", started=started)
    clients = [half(fresh_engine, f"/containers/{ref}/archive?path=/tmp"), half_upload(fresh_engine, ref)]
    assert fresh_engine.api.request("DELETE", f"/containers/{ref}?force=1").status == 204
    until(lambda: not workers(fresh_engine), "a worker is left")
    got = b""
    with clients[0] as reading:
        while data := reading.recv(1 << 20):
            got += data
    assert not got.endswith(b"0\r\n\r\n")
    with clients[1] as writing:
        assert writing.recv(1000).split()[1] in (b"404", b"500", b"503")
    assert fresh_engine.api.request("GET", f"/containers/{ref}/archive?path=/").status == 404


def test_the_container_ends_and_starts_again(fresh_engine: Engine) -> None:
    """A copy outlives its container's end; the next start waits for it, but not for ever."""
    ref = create(fresh_engine, "copied", started=True)
    client = half(fresh_engine, f"/containers/{ref}/archive?path=/tmp")
    assert fresh_engine.api.request("POST", f"/containers/{ref}/stop?t=0").status == 204
    assert workers(fresh_engine)
    assert fresh_engine.api.request("POST", f"/containers/{ref}/start").status == 204
    assert not workers(fresh_engine)
    client.close()
    assert json.loads(fresh_engine.api.request("GET", f"/containers/{ref}/json").body)["State"]["Running"]


def test_the_daemon_is_killed(fresh_engine: Engine) -> None:
    """Its workers end with it, and the next daemon serves the container."""
    ref = create(fresh_engine, "copied", started=True)
    client = half(fresh_engine, f"/containers/{ref}/archive?path=/tmp")
    os.kill(fresh_engine.pid, signal.SIGKILL)
    until(lambda: not workers(fresh_engine), "a worker has outlived its daemon")
    client.close()
    fresh_engine.kill()
    fresh_engine.start()
    assert fresh_engine.api.request("GET", f"/containers/{ref}/archive?path=/etc/passwd").status == 200
