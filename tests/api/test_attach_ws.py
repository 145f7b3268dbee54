"""attach/ws with a real WebSocket client."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    RejectConnection,
    Request,
    TextMessage,
)

from tests.support.api import Api
from tests.support.engine import Engine, Foreign


class Client:
    """One attached WebSocket."""

    def __init__(self, engine: Engine | Foreign, target: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(engine.socket_path)
        self.protocol = WSConnection(ConnectionType.CLIENT)
        self.sock.sendall(self.protocol.send(Request(host="localhost", target=target)))
        self.events: list[Event] = []
        first = self._next()
        assert isinstance(first, AcceptConnection | RejectConnection)
        self.status = 101 if isinstance(first, AcceptConnection) else first.status_code

    def _next(self) -> Event:
        while not self.events:
            self.protocol.receive_data(self.sock.recv(65536) or None)
            self.events += self.protocol.events()
        return self.events.pop(0)

    def say(self, data: bytes) -> None:
        self.sock.sendall(self.protocol.send(BytesMessage(data=data)))

    def hear(self, text: bytes) -> bytes:
        """What comes, until `text` is in it."""
        heard = b""
        while text not in heard:
            event = self._next()
            assert isinstance(event, BytesMessage), event
            heard += event.data
        return heard

    def rest(self) -> tuple[bytes, int]:
        """What comes until the close frame, and its code."""
        heard = b""
        while not isinstance(event := self._next(), CloseConnection):
            assert isinstance(event, BytesMessage), event
            heard += event.data
        return heard, int(event.code)


Connect = Callable[[str], Client]


@pytest.fixture
def connect(engine: Engine | Foreign) -> Iterator[Connect]:
    clients: list[Client] = []

    def opened(target: str) -> Client:
        clients.append(Client(engine, target))
        return clients[-1]

    yield opened
    for client in clients:
        client.sock.close()


def create(api: Api, name: str, *command: str, **config: object) -> None:
    body = {"Image": "bx/base:1", "Cmd": list(command), "HostConfig": {"NetworkMode": "none"}, **config}
    assert api.request("POST", f"/containers/create?name={name}", body).status == 201


def start(api: Api, name: str) -> None:
    assert api.request("POST", f"/containers/{name}/start").status == 204


ALL = "stream=1&stdin=1&stdout=1&stderr=1"


def test_a_conversation(api: Api, name: str, connect: Connect) -> None:
    """Before the start, both streams unframed, typed input, the end of the run."""
    create(api, name, "sh", "-c", "echo out; echo err >&2; read x; echo got $x", OpenStdin=True)
    client = connect(f"/v1.51/containers/{name}/attach/ws?{ALL}")
    start(api, name)
    first = client.hear(b"err\n")
    first += b"" if b"out\n" in first else client.hear(b"out\n")
    client.say(b"typed\n")
    rest, code = client.rest()
    assert (sorted(first.split()), rest, code) == ([b"err", b"out"], b"got typed\n", 1000)


def test_a_client_that_closes_leaves_the_container_alone(api: Api, name: str, connect: Connect) -> None:
    create(api, name, "cat", OpenStdin=True)
    start(api, name)
    client = connect(f"/v1.51/containers/{name}/attach/ws?{ALL}")
    client.say(b"one\n")
    client.hear(b"one\n")
    client.sock.sendall(client.protocol.send(CloseConnection(code=1000)))
    assert client.rest() == (b"", 1000)
    again = connect(f"/v1.51/containers/{name}/attach/ws?{ALL}")
    again.say(b"two\n")
    again.hear(b"two\n")
    assert api.request("GET", f"/containers/{name}/json").json["State"]["Running"]


def test_logs_are_replayed_unframed(api: Api, name: str, connect: Connect) -> None:
    create(api, name, "sh", "-c", "echo out; echo err >&2")
    start(api, name)
    api.request("POST", f"/containers/{name}/wait")
    data, code = connect(f"/v1.51/containers/{name}/attach/ws?logs=1&stdout=1&stderr=1").rest()
    assert (sorted(data.split()), code) == ([b"err", b"out"], 1000)


def test_detach_keys(api: Api, name: str, connect: Connect) -> None:
    create(api, name, "sh", OpenStdin=True, Tty=True)
    start(api, name)
    client = connect(f"/v1.51/containers/{name}/attach/ws?{ALL}&detachKeys=ctrl-a,x")
    client.say(b"tty\r")
    client.hear(b"/dev/pts/0")
    client.say(b"\x01")
    client.say(b"x")
    assert client.rest()[1] == 1000
    assert api.request("GET", f"/containers/{name}/json").json["State"]["Running"]


def test_clients_before_1_28_get_text(api: Api, name: str, connect: Connect) -> None:
    create(api, name, "echo", "ä")
    start(api, name)
    api.request("POST", f"/containers/{name}/wait")
    client = connect(f"/v1.27/containers/{name}/attach/ws?logs=1&stdout=1")
    event = client._next()
    assert isinstance(event, TextMessage)
    assert event.data == "ä\n"


def test_refusals(api: Api, name: str, connect: Connect) -> None:
    assert connect(f"/v1.51/containers/{name}/attach/ws?{ALL}").status == 404
    create(api, name, "true")
    assert connect(f"/v1.51/containers/{name}/attach/ws?{ALL}&detachKeys=nonsense").status == 400
    plain = api.request("GET", f"/v1.51/containers/{name}/attach/ws?{ALL}")
    assert (plain.status, plain.body) == (400, b"not websocket protocol")


def test_a_reader_that_stalls_holds_nobody_up(api: Api, name: str, connect: Connect) -> None:
    create(api, name, "sh", "-c", "dd if=/dev/zero bs=1M count=20 2>/dev/null; echo last >&2")
    client = connect(f"/v1.51/containers/{name}/attach/ws?stream=1&stdout=1&stderr=1")
    start(api, name)
    assert api.request("POST", f"/containers/{name}/wait").json["StatusCode"] == 0
    time.sleep(0.2)
    data, _ = client.rest()
    assert (len(data), data[-5:]) == ((20 << 20) + 5, b"last\n")
