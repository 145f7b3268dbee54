"""Messages between daemon, zygote and monitors: one JSON object a packet, descriptors beside it.

The sockets are SOCK_SEQPACKET: packets keep their bounds and an end is seen. A packet is bounded by the socket's
buffer, so a large object travels in a memfd (its descriptor goes first and the packet says so).
"""

from __future__ import annotations

import _socket
import os
import struct

from boxship.lib.plainjson import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# Raised when a message changes its meaning; new optional keys don't raise it.
PROTOCOL = 2

_INLINE_LIMIT = 60_000
# SCM_MAX_FD is 253; nobody here sends near as many.
_MAX_FDS = 64
IN_MEMFD = b"M"


def pack(message: dict[str, Any]) -> tuple[bytes, int]:
    """The packet for a message and the memfd that goes first with it, -1 for none (the caller closes it)."""
    data = encode(message)
    if len(data) <= _INLINE_LIMIT:
        return data, -1
    memfd = os.memfd_create("message", os.MFD_CLOEXEC)
    view = memoryview(data)
    while view:
        view = view[os.write(memfd, view) :]
    return IN_MEMFD, memfd


def send(sock: _socket.socket, message: dict[str, Any], fds: Sequence[int] = ()) -> None:
    """Send one message. OSError (EPIPE, ECONNRESET) when the other side is gone, BlockingIOError when it is full."""
    data, memfd = pack(message)
    every = ([memfd] if memfd >= 0 else []) + list(fds)
    try:
        send_packet(sock, data, every)
    finally:
        if memfd >= 0:
            os.close(memfd)


def send_packet(sock: _socket.socket, data: bytes, fds: Sequence[int]) -> None:
    """Send bytes and descriptors as they are (unix(7), SCM_RIGHTS)."""
    # Packed by struct: the array module would bring collections.abc into every monitor.
    control = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))] if fds else []
    sock.sendmsg([data], control, _socket.MSG_NOSIGNAL)


def receive(sock: _socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next message and its descriptors (close-on-exec); None when the other side has closed.

    BlockingIOError when the socket does not block and nothing is there.
    """
    packet = receive_packet(sock)
    return None if packet is None else unpack(*packet)


def receive_packet(sock: _socket.socket) -> tuple[bytes, list[int]] | None:
    """As `receive`, but the packet's bytes as they came: `unpack` reads them."""
    data, control, flags, _ = sock.recvmsg(
        _INLINE_LIMIT + 64, _socket.CMSG_SPACE(_MAX_FDS * 4), _socket.MSG_CMSG_CLOEXEC
    )
    fds: list[int] = []
    for level, kind, content in control:
        if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
            fds += struct.unpack_from(f"{len(content) // 4}i", content)
    if not data:
        return None
    if flags & (_socket.MSG_TRUNC | _socket.MSG_CTRUNC):
        for fd in fds:
            os.close(fd)
        raise OSError(f"a message of more than {_INLINE_LIMIT} bytes or {_MAX_FDS} descriptors")
    return data, fds


def unpack(data: bytes, handles: list[int]) -> tuple[dict[str, Any], list[int]]:
    """The message in a packet, and the descriptors that belong to it."""
    if data == IN_MEMFD:
        memfd = handles.pop(0)
        try:
            data = os.pread(memfd, os.fstat(memfd).st_size, 0)
        finally:
            os.close(memfd)
    return decode(data), handles


def accept(listener: _socket.socket) -> _socket.socket:
    """The next connection. OSError as accept(2)."""
    return _socket.socket(fileno=listener._accept()[0])  # type: ignore[attr-defined]


def bind_in(sock: _socket.socket, folder: str, name: str) -> None:
    """Bind a socket to a name in `folder`, whatever the folder's length. OSError as bind(2)."""
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sock.bind(_short(fd, name))
    finally:
        os.close(fd)


def connect_in(sock: _socket.socket, folder: str, name: str) -> None:
    """Connect to the socket of that name in `folder`. OSError as connect(2), also when there is no such folder."""
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sock.connect(_short(fd, name))
    finally:
        os.close(fd)


def _short(fd: int, name: str) -> str:
    # sun_path holds 108 bytes; a container's id alone takes 64.
    return f"/proc/self/fd/{fd}/{name}"
