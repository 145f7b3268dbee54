"""What attached clients get on the wire: framing of exec'd processes, and attachments that ask for the past, too.

Docker answers an attach before it has attached, so that it fails some of these now and then; here it may not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.api import Api, frames

RAW = "application/vnd.docker.raw-stream"
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"


def create(api: Api, name: str, command: list[str], **config: Any) -> None:
    body = {"Image": "bx/base:1", "Cmd": command, "HostConfig": {"NetworkMode": "none"}, **config}
    assert api.request("POST", f"/containers/create?name={name}", body).status == 201


def start(api: Api, name: str) -> None:
    assert api.request("POST", f"/containers/{name}/start").status == 204


@pytest.fixture
def up(api: Api, name: str) -> Iterator[str]:
    """A running container."""
    create(api, name, ["sleep", "600"])
    start(api, name)
    yield name


def exec_create(api: Api, container: str, command: list[str], *, tty: bool = False) -> str:
    body = {"Cmd": command, "Tty": tty, "AttachStdout": True, "AttachStderr": True}
    made = api.request("POST", f"/containers/{container}/exec", body)
    assert made.status == 201
    return str(made.json["Id"])


@pytest.mark.parametrize(
    ("terminal", "raw", "out", "err"),
    [
        # docker-py and Go programs start with other words than they created with: the start's word is the stream's.
        (True, True, b"out\r\nerr\r\n0\r\n", b""),
        (True, False, b"out\r\nerr\r\n0\r\n", b""),
        (False, False, b"out\n1\n", b"err\n"),
        # Without a terminal and without frames stderr has no place.
        (False, True, b"out\n1\n", b""),
    ],
)
def test_the_start_says_whether_frames_come(
    api: Api, up: str, terminal: bool, raw: bool, out: bytes, err: bytes
) -> None:
    exec_id = exec_create(api, up, ["sh", "-c", "echo out; echo err >&2; test -t 1; echo $?"], tty=terminal)
    stream = api.hijack(f"/exec/{exec_id}/start", {"Tty": raw})
    assert stream.headers["content-type"] == (RAW if raw else MULTIPLEXED)
    data = stream.read_all()
    stream.close()
    if raw:
        assert data == out
        return
    got = {1: b"", 2: b""}
    for number, piece in frames(data):
        got[number] += piece
    assert (got[1], got[2]) == (out, err)


@pytest.mark.parametrize(("terminal", "raw"), [(True, False), (False, True), (True, True), (False, False)])
def test_a_start_that_fails_is_framed_like_the_rest(api: Api, up: str, terminal: bool, raw: bool) -> None:
    exec_id = exec_create(api, up, ["/no/such"], tty=terminal)
    stream = api.hijack(f"/exec/{exec_id}/start", {"Tty": raw})
    data = stream.read_all()
    stream.close()
    text = data if raw else b"".join(piece for _, piece in frames(data))
    assert text.startswith(b"OCI runtime exec failed")


def test_resizing_an_exec_whose_container_has_ended(api: Api, up: str) -> None:
    """Ended in a running container: not there. In a container that does not run: a conflict."""
    exec_id = exec_create(api, up, ["true"])
    api.hijack(f"/exec/{exec_id}/start", {}).read_all()
    ended = api.request("POST", f"/exec/{exec_id}/resize?h=20&w=30")
    assert (ended.status, ended.json["message"][:32]) == (404, "NotFound: process does not exist")
    container = api.request("GET", f"/containers/{up}/json").json["Id"]
    api.request("POST", f"/containers/{up}/kill")
    api.request("POST", f"/containers/{up}/wait")
    answer = api.request("POST", f"/exec/{exec_id}/resize?h=20&w=30")
    assert (answer.status, answer.json) == (409, {"message": f"container {container} is not running"})


@pytest.mark.parametrize("tty", [False, True])
def test_attaching_with_the_past_before_the_start(api: Api, name: str, tty: bool) -> None:
    """Twice: nothing is written yet, then one run is in the log. Every byte comes once."""
    create(api, name, ["sh", "-c", "echo one; printf two"], Tty=tty)
    line = b"one\r\n" if tty else b"one\n"
    for expected in (line + b"two", line + b"two" + line + b"two"):
        stream = api.hijack(f"/containers/{name}/attach?stream=1&logs=1&stdout=1&stderr=1")
        assert stream.status == 101
        start(api, name)
        data = stream.read_all()
        stream.close()
        assert (data if tty else b"".join(piece for _, piece in frames(data))) == expected


def test_the_past_comes_before_the_start(api: Api, name: str) -> None:
    """Who attaches with the past reads it at once; input is passed on when the next run is there."""
    create(api, name, ["cat"], OpenStdin=True, StdinOnce=True)
    first = api.hijack(f"/containers/{name}/attach?stream=1&logs=1&stdin=1&stdout=1", early=b"hello\n")
    start(api, name)
    first.half_close()
    assert frames(first.read_all()) == [(1, b"hello\n")]
    api.request("POST", f"/containers/{name}/wait")
    second = api.hijack(f"/containers/{name}/attach?stream=1&logs=1&stdin=1&stdout=1")
    assert second.read_until(b"hello\n")
    start(api, name)
    second.sock.sendall(b"again\n")
    second.half_close()
    assert frames(second.read_all()) == [(1, b"again\n")]
    for stream in (first, second):
        stream.close()


def test_a_client_that_waits_for_a_start_may_go(api: Api, name: str) -> None:
    """And a container that goes takes its waiting clients along; Docker leaves them waiting."""
    create(api, name, ["echo", "x"])
    gone = api.hijack(f"/containers/{name}/attach?stream=1&logs=1&stdout=1")
    gone.close()
    stays = api.hijack(f"/containers/{name}/attach?stream=1&logs=1&stdout=1")
    start(api, name)
    assert frames(stays.read_all()) == [(1, b"x\n")]
    stays.close()
    removed = api.hijack(f"/containers/{name}/attach?stream=1&logs=1&stdout=1")
    assert removed.read_until(b"x\n")
    assert api.request("DELETE", f"/containers/{name}?force=1").status == 204
    assert removed.read_all() == b""
    removed.close()
