"""A caller without manners: it sends requests as badly as a network allows and reads what comes back."""

from __future__ import annotations

import random
import socket
from dataclasses import dataclass

from tests.support.fuzz.requests import Asked

_MOST = 8 << 20


@dataclass(frozen=True)
class Reply:
    """What came back: status 0 when the connection ended, or the patience, without a status line."""

    status: int
    text: str


def call(path: str, asked: Asked, chance: random.Random) -> Reply:
    """Send one request on a connection of its own, well or badly. OSError: nobody listens any more."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(max(asked.patience, 5))
        sock.connect(path)
        sock.settimeout(asked.patience)
        try:
            if not _send(sock, asked, chance):
                return Reply(0, "")
            return _read(sock, asked)
        except (TimeoutError, ConnectionError):
            # It was refused in mid-request, or there is more to wait for than patience.
            return Reply(0, "")


def _send(sock: socket.socket, asked: Asked, chance: random.Random) -> bool:
    """False when the caller went away without waiting."""
    data = asked.head() + asked.body
    manner = chance.random()
    if manner < 0.90:
        sock.sendall(data)
    elif manner < 0.92:  # cut off in the middle
        sock.sendall(data[: chance.randrange(len(data))])
        if chance.random() < 0.5:
            sock.shutdown(socket.SHUT_WR)
            return True
        return False
    elif manner < 0.94:  # gone before the answer
        sock.sendall(data)
        return False
    elif manner < 0.96:  # in pieces
        for at in range(0, len(data), 97):
            sock.sendall(data[at : at + 97])
    elif manner < 0.97:  # nothing more to say
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
    elif manner < 0.98:  # a lie about the length
        sock.sendall(
            asked.head().replace(b"Content-Length: ", chance.choice((b"Content-Length: 9", b"Content-Length: -")))
        )
        sock.shutdown(socket.SHUT_WR)
    elif manner < 0.985:  # chunks that are none
        head = asked.head().rpartition(b"Content-Length")[0]
        sock.sendall(
            head
            + b"Transfer-Encoding: chunked\r\n\r\n"
            + chance.choice((b"zz\r\n", b"5\r\nab", b"0\r\n\r\n", b"-1\r\n"))
        )
        sock.shutdown(socket.SHUT_WR)
    elif manner < 0.99:  # a head without end
        sock.sendall(asked.head()[:-2] + b"X: " + b"x" * chance.choice((100, 70_000, 1 << 20)) + b"\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
    elif manner < 0.995:  # no HTTP
        sock.sendall(chance.randbytes(chance.choice((1, 100, 5000))))
        sock.shutdown(socket.SHUT_WR)
    else:  # two at once
        sock.sendall(data + data)
    return True


def _read(sock: socket.socket, asked: Asked) -> Reply:
    """The first answer, up to its end or the caller's patience."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = sock.recv(65536)
        if not piece:
            return Reply(0, "")
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    lower = head.lower()
    _, found, rest = lower.partition(b"content-length:")
    length = int(rest.split(b"\r\n", 1)[0]) if found and asked.method != "HEAD" else 0
    chunked = b"transfer-encoding: chunked" in lower
    try:
        while len(body) < length or (chunked and not body.endswith(b"0\r\n\r\n") and len(body) < _MOST):
            piece = sock.recv(65536)
            if not piece:
                break
            body += piece
    except TimeoutError:
        pass
    return Reply(status, body.decode(errors="replace"))
