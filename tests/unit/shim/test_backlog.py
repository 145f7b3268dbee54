"""What a client has not taken yet: in memory, then in a file, never lost, never reordered."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.shim import client
from boxship.shim.client import Backlog


def drain(backlog: Backlog, sock: socket.socket, reader: socket.socket) -> bytes:
    taken = bytearray()
    reader.setblocking(False)
    while backlog:
        try:
            backlog.send(sock)
        except BlockingIOError:
            pass
        try:
            while piece := reader.recv(1 << 20):
                taken += piece
        except BlockingIOError:
            pass
    return bytes(taken)


@given(st.lists(st.integers(0, 200_000), max_size=12))
def test_order_and_content(sizes: list[int]) -> None:
    left, right = socket.socketpair()
    left.setblocking(False)
    backlog = Backlog("/var/tmp")
    whole = b""
    with left, right:
        for number, size in enumerate(sizes):
            data = bytes([number]) * size
            whole += data
            assert backlog.add((data[: size // 2], data[size // 2 :]))
        assert drain(backlog, left, right) == whole
    backlog.close()


def test_memory_stays_bounded_and_the_file_has_no_name(tmp_path: Path) -> None:
    backlog = Backlog(str(tmp_path))
    for _ in range(64):
        assert backlog.add((b"x" * 65536,))
    assert len(backlog._memory) <= client.MEMORY_LIMIT
    assert os.listdir(tmp_path) == []
    backlog.close()


def test_the_limit_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SPOOL_LIMIT", 1 << 20)
    backlog = Backlog("/var/tmp")
    added = 0
    while backlog.add((b"x" * 65536,)):
        added += 65536
        assert added <= client.MEMORY_LIMIT + (1 << 20)
    assert added >= 1 << 20
    backlog.close()
