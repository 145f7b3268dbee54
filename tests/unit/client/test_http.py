"""The HTTP client against a server that says what the test wants, in pieces of any size."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxship.client.client import Client, older
from boxship.client.errors import DaemonError, Unreachable
from boxship.client.host import parse
from boxship.http.client import Connection, ProtocolError


class Script:
    """Answers each request on a connection with the next of the given bytes; keeps the requests."""

    def __init__(self, path: str, *answers: bytes, piece: int = 1 << 20) -> None:
        self.requests: list[bytes] = []
        self.answers = iter(answers)
        self.piece = piece
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        for answer in self.answers:
            connection, _ = self.listener.accept()
            with connection:
                while True:
                    self.requests.append(self._request(connection))
                    for at in range(0, len(answer), self.piece):
                        connection.sendall(answer[at : at + self.piece])
                    if b"Connection: close" in answer or b"101 " in answer:
                        break
                    following = next(self.answers, None)
                    if following is None:
                        break
                    answer = following

    def _request(self, connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return data
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0)
        while len(body) < length or (b"chunked" in head and not body.endswith(b"0\r\n\r\n")):
            body += connection.recv(65536)
        return head + b"\r\n\r\n" + body


@pytest.fixture
def path(tmp_path: Path) -> Iterator[str]:
    yield str(tmp_path / "s")


def sized(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(*chunks: bytes) -> bytes:
    body = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\nTrailer: x\r\n\r\n"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=200), max_size=5), st.integers(1, 30))
def test_chunks_cut_anywhere(chunks: list[bytes], piece: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        Script(f"{folder}/s", chunked(*chunks), piece=piece)
        connection = Connection(f"{folder}/s", "h")
        connection.send("GET", "/", (), None)
        assert connection.receive().read() == b"".join(chunks)
        assert connection.reusable
        connection.close()


def test_a_connection_is_used_again(path: str) -> None:
    script = Script(path, sized("200 OK", b'{"a":1}'), chunked(b"[", b"2]"), sized("204 No Content", b""))
    client = Client(parse(f"unix://{path}"))
    assert client.call("GET", "/a", [("q", "a b&c=d/é")]) == {"a": 1}
    assert client.call("POST", "/b", body={"x": "y"}) == [2]
    assert client.call("DELETE", "/c") is None
    lines = [request.split(b"\r\n")[0] for request in script.requests]
    assert lines[0] == b"GET /v1.51/a?q=a%20b%26c%3Dd%2F%C3%A9 HTTP/1.1"
    assert script.requests[1].endswith(b'\r\n\r\n{"x":"y"}')


def test_an_interim_answer_is_passed_over(path: str) -> None:
    Script(path, b"HTTP/1.1 100 Continue\r\n\r\n" + sized("200 OK", b"1"))
    assert Client(parse(path)).call("GET", "/") == 1


def test_an_older_engine_says_its_version(path: str) -> None:
    message = b'{"message":"client version 1.51 is too new. Maximum supported API version is 1.41"}'
    script = Script(path, sized("400 Bad Request", message), sized("200 OK", b"[]"), sized("200 OK", b"[]"))
    client = Client(parse(path))
    client.call("GET", "/containers/json")
    client.call("GET", "/images/json")
    assert [request.split()[1] for request in script.requests] == [
        b"/v1.51/containers/json",
        b"/v1.41/containers/json",
        b"/v1.41/images/json",
    ]


def test_a_stream_is_sent_in_chunks_after_asking_the_version(path: str) -> None:
    script = Script(path, b"HTTP/1.1 200 OK\r\nApi-Version: 1.40\r\n\r\n", sized("200 OK", b"{}"))
    client = Client(parse(path))
    client.open("POST", "/images/load", stream=iter([b"ab", b"", b"c"])).read()
    assert script.requests[0].startswith(b"HEAD /_ping ")
    assert script.requests[1].startswith(b"POST /v1.40/images/load ")
    assert script.requests[1].endswith(b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")


def test_hijack_keeps_what_came_with_the_head(path: str) -> None:
    head = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n\r\n"
    Script(path, head.encode() + b"early")
    hijacked = Client(parse(path)).hijack("/containers/x/attach")
    assert hijacked.leftover + hijacked.sock.recv(10) == b"early"
    assert hijacked.multiplexed
    hijacked.sock.close()


def test_refusals(path: str) -> None:
    Script(
        path,
        sized("404 Not Found", b'{"message":"No such container: x"}', "Connection: close"),
        sized("500 X", b"oops"),
    )
    client = Client(parse(path))
    with pytest.raises(DaemonError, match="No such container: x") as refused:
        client.call("GET", "/x")
    assert refused.value.status == 404
    with pytest.raises(DaemonError, match="oops"):
        client.call("GET", "/x")


def test_nobody_there(path: str) -> None:
    with pytest.raises(Unreachable) as gone:
        Client(parse(path)).call("GET", "/x")
    assert gone.value.url == f"unix://{path}"


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n12"]
)
def test_what_is_no_answer(path: str, answer: bytes) -> None:
    Script(path, answer)
    connection = Connection(path, "h")
    connection.send("GET", "/")
    with pytest.raises(ProtocolError):
        connection.receive().read()
    connection.close()


def test_versions_are_compared_by_their_numbers() -> None:
    assert older("1.9", "1.24") and not older("1.24", "1.9") and not older("1.51", "1.51")
