"""As much of D-Bus as a call of systemd's manager needs: marshalling, authentication, one call, one signal.

Light: a container's first process uses this before it becomes the container. Source: the D-Bus specification.
"""

from __future__ import annotations

import _socket
import os
import struct
import time

from boxship.lib.errors import BoxshipError, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SYSTEMD = "org.freedesktop.systemd1"
MANAGER = "org.freedesktop.systemd1.Manager"
MANAGER_PATH = "/org/freedesktop/systemd1"

# systemd's own socket, for root, as systemctl uses it: no bus daemon is needed or asked. Else the system bus.
PRIVATE_SOCKET = "/run/systemd/private"
SYSTEM_SOCKET = "/run/dbus/system_bus_socket"

# Seconds; D-Bus's usual patience.
_PATIENCE = 25.0

_CALL, _REPLY, _ERROR, _SIGNAL = 1, 2, 3, 4
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_SERIAL, _DESTINATION, _SIGNATURE = 1, 2, 3, 4, 5, 6, 8
_NUMBERS = {"y": "=B", "b": "=I", "n": "=h", "q": "=H", "i": "=i", "u": "=I", "x": "=q", "t": "=Q", "d": "=d"}
_ALIGNMENT = {"y": 1, "g": 1, "v": 1, "n": 2, "q": 2, "x": 8, "t": 8, "d": 8, "(": 8, "{": 8}


class BusError(BoxshipError):
    """The other side's answer is an error. name: such as org.freedesktop.systemd1.UnitExists."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def first_type(signature: str) -> str:
    """The first complete type of a signature: "a(sv)" of "a(sv)u"."""
    if signature[0] == "a":
        return "a" + first_type(signature[1:])
    if signature[0] not in "({":
        return signature[0]
    depth = 0
    for place, letter in enumerate(signature):
        depth += (letter in "({") - (letter in ")}")
        if not depth:
            return signature[: place + 1]
    raise ValueError(f"signature {signature!r} is cut off")


def put(out: bytearray, signature: str, values: list[Any]) -> None:
    """Append values of these types to a message that begins where `out` does. A variant is (signature, value)."""
    for value in values:
        kind = first_type(signature)
        signature = signature[len(kind) :]
        out += bytes(-len(out) % _ALIGNMENT.get(kind[0], 4))
        if kind in _NUMBERS:
            out += struct.pack(_NUMBERS[kind], value)
        elif kind in "so":
            data = value.encode()
            out += struct.pack("=I", len(data)) + data + b"\0"
        elif kind == "g":
            out += bytes([len(value)]) + value.encode() + b"\0"
        elif kind == "v":
            put(out, "g", [value[0]])
            put(out, value[0], [value[1]])
        elif kind[0] == "a":
            place = len(out)
            out += bytes(4)
            out += bytes(-len(out) % _ALIGNMENT.get(kind[1], 4))
            start = len(out)
            for item in value:
                put(out, kind[1:], [item])
            out[place : place + 4] = struct.pack("=I", len(out) - start)
        else:
            put(out, kind[1:-1], list(value))


def take(data: bytes, place: int, signature: str) -> tuple[list[Any], int]:
    """Values of these types from `place` of a message, and where they end. struct.error, IndexError on rubbish."""
    values: list[Any] = []
    while signature:
        kind = first_type(signature)
        signature = signature[len(kind) :]
        place += -place % _ALIGNMENT.get(kind[0], 4)
        value: Any
        if kind in _NUMBERS:
            value = struct.unpack_from(_NUMBERS[kind], data, place)[0]
            place += struct.calcsize(_NUMBERS[kind])
        elif kind in "so":
            length = struct.unpack_from("=I", data, place)[0]
            value = data[place + 4 : place + 4 + length].decode("utf-8", "replace")
            place += 5 + length
        elif kind == "g":
            length = data[place]
            value = data[place + 1 : place + 1 + length].decode("ascii", "replace")
            place += 2 + length
        elif kind == "v":
            (inner,), place = take(data, place, "g")
            (value,), place = take(data, place, inner)
            value = (inner, value)
        elif kind[0] == "a":
            length = struct.unpack_from("=I", data, place)[0]
            place += 4
            place += -place % _ALIGNMENT.get(kind[1], 4)
            end = place + length
            value = []
            while place < end:
                (item,), place = take(data, place, kind[1:])
                value.append(item)
        else:
            value, place = take(data, place, kind[1:-1])
        values.append(value)
    return values, place


class Bus:
    """A connection to systemd's manager. Unavailable when there is none; TimeoutError when it does not answer."""

    def __init__(self, sockets: tuple[str, ...] = (PRIVATE_SOCKET, SYSTEM_SOCKET)) -> None:
        self._serial = 0
        self._data = b""
        self._deadline = time.monotonic() + _PATIENCE
        self._sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        try:
            path = self._connect(sockets)
            uid = str(os.geteuid()).encode().hex()
            self._sock.send(f"\0AUTH EXTERNAL {uid}\r\nBEGIN\r\n".encode())
            self._authenticated()
            if path != PRIVATE_SOCKET:
                self._call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", "", [])
        except BaseException:
            self._sock.close()
            raise

    def _connect(self, sockets: tuple[str, ...]) -> str:
        reason = ""
        for path in sockets:
            try:
                self._sock.connect(path)
                return path
            except OSError as error:
                reason = f"{path}: {os.strerror(error.errno or 0)}"
        raise Unavailable(
            f"systemd does not take calls ({reason}), and without it there are no scopes for containers\n"
            "  to do without:       boxship daemon --exec-opt native.cgroupdriver=cgroupfs"
        )

    def close(self) -> None:
        self._sock.close()

    def manager(self, member: str, signature: str, values: list[Any]) -> list[Any]:
        """Call a method of systemd's manager; the values of the reply. BusError."""
        return self._call(SYSTEMD, MANAGER_PATH, MANAGER, member, signature, values)

    def job_ended(self, unit: str) -> str:
        """Wait until a job of this unit that this connection has asked for is over; its result, "done" when it is."""
        while True:
            kind, fields, body = self._message()
            if kind == _SIGNAL and fields.get(_MEMBER) == "JobRemoved":
                _, _, name, result = body
                if name == unit:
                    return str(result)

    def _call(self, to: str, path: str, interface: str, member: str, signature: str, values: list[Any]) -> list[Any]:
        self._serial += 1
        serial = self._serial
        body = bytearray()
        put(body, signature, values)
        fields = [
            (_PATH, ("o", path)),
            (_INTERFACE, ("s", interface)),
            (_MEMBER, ("s", member)),
            (_DESTINATION, ("s", to)),
        ]
        if signature:
            fields.append((_SIGNATURE, ("g", signature)))
        head = bytearray()
        put(head, "yyyyuua(yv)", [ord("l"), _CALL, 0, 1, len(body), serial, fields])
        head += bytes(-len(head) % 8)
        message = memoryview(bytes(head + body))
        while message:
            message = message[self._sock.send(message) :]
        while True:
            kind, told, answer = self._message()
            if told.get(_REPLY_SERIAL) != serial:
                continue
            if kind == _ERROR:
                raise BusError(told[_ERROR_NAME], answer[0] if answer else told[_ERROR_NAME])
            return answer

    def _authenticated(self) -> None:
        while b"\r\n" not in self._data:
            self._receive()
        line, _, self._data = self._data.partition(b"\r\n")
        if not line.startswith(b"OK"):
            raise Unavailable(f"systemd refuses this user: {line.decode('ascii', 'replace')}")

    def _message(self) -> tuple[int, dict[int, Any], list[Any]]:
        while len(self._data) < 16:
            self._receive()
        kind, length, fields_length = self._data[1], *struct.unpack_from("=I4xI", self._data, 4)
        start = 16 + fields_length + -fields_length % 8
        while len(self._data) < start + length:
            self._receive()
        (told,), _ = take(self._data, 12, "a(yv)")
        fields = {code: value for code, (_, value) in told}
        # Alignment counts from the message's begin, and the body begins at a multiple of eight.
        body, _ = take(self._data[start : start + length], 0, fields.get(_SIGNATURE, ""))
        self._data = self._data[start + length :]
        return kind, fields, body

    def _receive(self) -> None:
        self._sock.settimeout(max(0.01, self._deadline - time.monotonic()))
        piece = self._sock.recv(65536)
        if not piece:
            raise Unavailable("systemd has closed the connection")
        self._data += piece
