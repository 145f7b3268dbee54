"""Messages with descriptors between daemon, zygote and monitors."""

import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.shim import wire

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=8), values, max_size=6))
def test_what_is_sent_arrives(message: dict[str, object]) -> None:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with left, right:
        wire.send(left, message)
        assert wire.receive(right) == (message, [])


@pytest.mark.parametrize("size", [0, 59_000, 60_000, 70_000, 5_000_000])
def test_any_size_with_descriptors_in_order(size: int) -> None:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pipes = [os.pipe() for _ in range(3)]
    with left, right:
        wire.send(left, {"text": "x" * size}, [write for _, write in pipes])
        received = wire.receive(right)
        assert received is not None
        message, fds = received
        assert message == {"text": "x" * size}
        assert len(fds) == 3
        for number, fd in enumerate(fds):
            assert not os.get_inheritable(fd)
            os.write(fd, b"%d" % number)
            os.close(fd)
    for number, (read, write) in enumerate(pipes):
        os.close(write)
        assert os.read(read, 9) == b"%d" % number
        os.close(read)


def test_the_end_is_seen() -> None:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    left.close()
    with right:
        assert wire.receive(right) is None


def test_a_socket_in_a_deep_folder(tmp_path: object) -> None:
    folder = str(tmp_path) + "/" + "d" * 120
    os.mkdir(folder)
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        wire.bind_in(listener, folder, "s")
        listener.listen()
        wire.connect_in(client, folder, "s")
        assert os.path.exists(f"{folder}/s")
