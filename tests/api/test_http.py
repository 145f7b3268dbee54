"""The daemon's HTTP face, on the wire."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support.api import Api
from tests.support.engine import Engine, Foreign


def connect(engine: Engine | Foreign) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(60)
    sock.connect(engine.socket_path)
    return sock


def read_to_end(sock: socket.socket) -> bytes:
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data


@pytest.fixture
def container(api: Api, name: str) -> Iterator[str]:
    """A running container that passes its input on."""
    config = {
        "Image": "bx/base:1",
        "Cmd": ["cat"],
        "OpenStdin": True,
        "StdinOnce": True,
        "HostConfig": {"NetworkMode": "none"},
    }
    assert api.request("POST", f"/containers/create?name={name}", config).status == 201
    assert api.request("POST", f"/containers/{name}/start").status == 204
    yield name


@pytest.mark.parametrize(
    ("method", "path", "status", "location"),
    [
        ("GET", "//info", 301, "/info"),
        ("GET", "/containers/../info?x=1", 301, "/info?x=1"),
        ("GET", "/v1.51/containers//json", 301, "/v1.51/containers/json"),
        ("OPTIONS", "/v1.51/anything", 200, ""),
        ("HEAD", "/containers/json", 404, ""),
        ("PATCH", "/info", 404, ""),
    ],
)
def test_paths_and_methods(api: Api, method: str, path: str, status: int, location: str) -> None:
    """As Docker's router answers them."""
    answer = api.request(method, path)
    assert (answer.status, answer.headers.get("location", "")) == (status, location)


def test_common_headers(api: Api) -> None:
    """What clients negotiate by."""
    headers = api.request("GET", "/v1.30/version").headers
    assert headers["api-version"] == "1.51"
    assert headers["ostype"] == "linux"
    assert headers["docker-experimental"] == "false"
    assert headers["server"].startswith("Docker/28.5.2") and headers["server"].endswith(" (linux)")


def test_a_query_that_cannot_be_read(api: Api) -> None:
    """400 where a parameter is wanted; nobody minds where none is."""
    answer = api.request("GET", "/containers/json?a=%zz")
    assert (answer.status, answer.json) == (400, {"message": 'invalid URL escape "%zz"'})
    assert api.request("GET", "/version?a=%zz").status == 200


def test_names_that_are_no_utf8(api: Api) -> None:
    """The message has U+FFFD for what was no text."""
    answer = api.request("GET", "/containers/%ff%fe/json")
    assert (answer.status, answer.json) == (404, {"message": "No such container: ��"})


def test_networks_and_volumes_as_far_as_they_go(api: Api) -> None:
    """The predefined networks, no volumes, no swarm."""
    networks = api.request("GET", "/networks").json
    assert {"bridge", "host", "none"} <= {network["Name"] for network in networks}
    for network in networks:
        assert api.request("GET", f"/networks/{network['Id'][:12]}").json["Name"] == network["Name"]
    named = api.request("GET", '/networks?filters={"name":{"host":true},"driver":["host"]}').json
    assert [network["Name"] for network in named] == ["host"]
    assert api.request("GET", '/networks?filters={"x":["y"]}').status == 400
    assert api.request("GET", "/volumes/nope").json == {"message": "get nope: no such volume"}
    assert api.request("GET", "/plugins").json == []
    for path in ("/swarm", "/nodes", "/services", "/tasks/x"):
        assert api.request("GET", path).status == 503


@pytest.mark.parametrize(
    ("method", "path", "what"),
    [
        ("POST", "/v1.51/build?t=x", "build images"),
        ("POST", "/volumes/create", "make volumes"),
    ],
)
def test_what_is_not_built_says_so(api: Api, method: str, path: str, what: str) -> None:
    """With a sentence, not "page not found"."""
    answer = api.request(method, path)
    assert answer.status == 501
    assert answer.json["message"].startswith("Boxship ") and answer.json["message"].endswith(f" can't {what} yet")


def test_disk_usage(api: Api) -> None:
    """What was asked for, in the shape of the version."""
    body = api.request("GET", "/system/df?type=image").json
    assert body["Containers"] is None and body["LayersSize"] > 0
    assert "VirtualSize" in api.request("GET", "/v1.43/system/df").json["Images"][0]
    answer = api.request("GET", "/system/df?type=foo")
    assert (answer.status, answer.json) == (400, {"message": "unknown object type: foo"})


def test_input_sent_with_the_head_arrives(engine: Engine | Foreign, container: str) -> None:
    """The CLI sends standard input as soon as it may; it may come in one packet with the request."""
    with closing(connect(engine)) as sock:
        head = f"POST /v1.51/containers/{container}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\n"
        sock.sendall(head.encode() + b"Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\nfirst\n")
        sock.sendall(b"second\n")
        sock.shutdown(socket.SHUT_WR)
        got = read_to_end(sock)
    answer, _, stream = got.partition(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 101 UPGRADED\r\n")
    assert b"application/vnd.docker.multiplexed-stream" in answer
    assert stream.count(b"\x01\0\0\0\0\0\0") >= 1
    assert stream.replace(b"\x01\0\0\0\0\0\0\x06", b"").replace(b"\x01\0\0\0\0\0\0\x07", b"").endswith(b"second\n")


def test_an_attach_that_fails_is_plain_text(engine: Engine | Foreign) -> None:
    """And ends the connection: old clients print what comes."""
    with closing(connect(engine)) as sock:
        sock.sendall(b"POST /containers/no-such/attach?stream=1 HTTP/1.1\r\nHost: d\r\n\r\n")
        assert read_to_end(sock) == (
            b"HTTP/1.1 404 Not Found\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
            b"No such container: no-such\r\n"
        )


def test_wait_answers_its_head_at_once(api: Api, container: str) -> None:
    """The docker CLI starts the container only then. Before 1.30 the head came with the exit code."""
    waiting = api.stream("POST", f"/v1.51/containers/{container}/wait?condition=next-exit")
    assert waiting.status == 200
    assert api.request("POST", f"/containers/{container}/kill").status == 204
    assert json.loads(waiting.read()) == {"StatusCode": 137}
    answer = api.request("POST", f"/v1.24/containers/{container}/wait")
    assert (answer.json, "content-length" in answer.headers) == ({"StatusCode": 137}, True)


def test_streams_end_with_their_clients(fresh_engine: Engine) -> None:
    """Events, followed logs and waits leave no listener behind."""
    api = fresh_engine.api
    config = {"Image": "bx/base:1", "Cmd": ["sleep", "1000"], "HostConfig": {"NetworkMode": "none"}}
    made = api.request("POST", "/containers/create", config).json["Id"]
    api.request("POST", f"/containers/{made}/start")
    before = api.request("GET", "/info").json["NFd"]
    for _ in range(5):
        for method, path in (
            ("GET", "/events"),
            ("GET", f"/containers/{made}/logs?stdout=1&follow=1"),
            ("POST", f"/containers/{made}/wait"),
        ):
            api.stream(method, path).close()
    for _ in range(100):
        info = api.request("GET", "/info").json
        # The watch of followed logs, once opened, stays.
        if info["NEventsListener"] == 0 and info["NFd"] <= before + 1:
            break
    else:
        raise AssertionError(f"left: {info['NEventsListener']} listeners, {info['NFd'] - before} files")


def test_events_are_flushed_one_by_one(api: Api, container: str) -> None:
    """A client sees an event when it happens."""
    stream = api.stream("GET", f'/events?filters={{"container":["{container}"]}}')
    api.request("POST", f"/containers/{container}/resize?h=20&w=80")
    api.request("POST", f"/containers/{container}/kill?signal=CONT")
    seen = [json.loads(stream.readline())["Action"]]
    while seen[-1] != "kill":
        seen.append(json.loads(stream.readline())["Action"])
    stream.close()


def test_a_second_daemon_is_refused(engine: Engine | Foreign) -> None:
    """By the lock of either root, with the name of the one that has it."""
    assert isinstance(engine, Engine)
    roots = {"--data-root": str(engine.data_root), "--run-root": str(engine.run_root)}
    for shared in roots:
        free = str(engine.base / "second")
        options = [word for option, root in roots.items() for word in (option, root if option == shared else free)]
        done = subprocess.run([sys.executable, "-m", "boxship", "daemon", *options], capture_output=True, timeout=60)
        assert done.returncode == 1
        assert f"{roots[shared]} is in use by another daemon (pid {engine.pid})".encode() in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--nonsense"], 125, "unknown flag: --nonsense"),
        (["--data-root"], 125, "flag needs an argument: --data-root"),
        (["--data-root", "relative"], 125, "relative: the folders of a daemon must be absolute paths"),
        (["-l"], 125, "unknown flag: -l"),
        (["extra"], 125, "unexpected argument: extra"),
        (["--log-level=loud"], 125, "loud: no log level"),
        (["--config", "/nonexistent.toml"], 125, "/nonexistent.toml: No such file or directory"),
    ],
)
def test_a_command_line_that_cannot_be_understood(arguments: list[str], code: int, message: str) -> None:
    """Says what and where; nothing is started."""
    done = subprocess.run([sys.executable, "-m", "boxship", "daemon", *arguments], capture_output=True, timeout=60)
    assert done.returncode == code
    assert done.stderr.decode().startswith(message)


def test_tcp_on_the_loopback_only() -> None:
    """Plain TCP elsewhere would give the machine away; on the loopback foreign hosts are refused."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = Engine("-H", f"tcp://127.0.0.1:{port}")
    running.options += ("-H", running.host)
    try:
        running.start()
        with closing(socket.create_connection(("127.0.0.1", port))) as sock:
            sock.sendall(b"GET /version HTTP/1.1\r\nHost: evil.example\r\n\r\n")
            assert sock.recv(100).startswith(b"HTTP/1.1 403 ")
        with closing(socket.create_connection(("127.0.0.1", port))) as sock:
            sock.sendall(f"GET /version HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            assert sock.recv(100).startswith(b"HTTP/1.1 200 ")
    finally:
        running.close()
    other = Engine("-H", f"tcp://0.0.0.0:{port}")
    try:
        with pytest.raises(AssertionError, match="served on the loopback only"):
            other.start()
    finally:
        other.close()


def test_an_orderly_end(fresh_engine: Engine) -> None:
    """SIGTERM: containers stay, streams are cut without looking whole, the exit code is 0."""
    api = fresh_engine.api
    config = {"Image": "bx/base:1", "Cmd": ["sleep", "1000"], "HostConfig": {"NetworkMode": "none"}}
    made = api.request("POST", "/containers/create", config).json["Id"]
    api.request("POST", f"/containers/{made}/start")
    with closing(connect(fresh_engine)) as events:
        events.sendall(b"GET /events HTTP/1.1\r\nHost: d\r\n\r\n")
        assert events.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert fresh_engine.terminate() == 0
        assert not read_to_end(events).endswith(b"0\r\n\r\n")
    fresh_engine.start()
    assert fresh_engine.api.request("GET", f"/containers/{made}/json").json["State"]["Running"]


def test_no_tls_in_memory(fresh_engine: Engine) -> None:
    """OpenSSL would be a fifth of what the daemon is; nothing on the way of an ordinary request needs it."""
    assert fresh_engine.api.request("GET", "/info").status == 200
    with open(f"/proc/{fresh_engine.pid}/maps") as maps:
        assert "libssl" not in maps.read()
