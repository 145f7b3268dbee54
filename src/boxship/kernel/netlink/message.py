"""Netlink messages and their attributes as bytes (netlink(7), linux/netlink.h). Pure."""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_ROOT = 0x100
NLM_F_MATCH = 0x200
NLM_F_DUMP = NLM_F_ROOT | NLM_F_MATCH
NLM_F_REPLACE = 0x100
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400
NLM_F_DUMP_INTR = 0x10

NLMSG_NOOP = 1
NLMSG_ERROR = 2
NLMSG_DONE = 3

NLA_F_NESTED = 0x8000
NLA_TYPE_MASK = 0x3FFF

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_ERROR = struct.Struct("=i")


class Request:
    """One request: a type, flags beyond NLM_F_REQUEST, and a payload. what: for people, in errors."""

    __slots__ = ("flags", "payload", "type", "what")

    def __init__(self, type: int, flags: int, payload: bytes, what: str = "") -> None:
        self.type = type
        self.flags = flags
        self.payload = payload
        self.what = what

    def encode(self, sequence: int) -> bytes:
        """The message, padded to 4 bytes."""
        length = _HEADER.size + len(self.payload)
        head = _HEADER.pack(length, self.type, self.flags | NLM_F_REQUEST, sequence, 0)
        return head + self.payload + bytes(-length % 4)


class Message:
    """One message from the kernel; payload without its header."""

    __slots__ = ("flags", "payload", "sequence", "type")

    def __init__(self, type: int, flags: int, sequence: int, payload: bytes) -> None:
        self.type = type
        self.flags = flags
        self.sequence = sequence
        self.payload = payload

    @property
    def error(self) -> int:
        """Of NLMSG_ERROR: a positive errno, or 0 for an acknowledgement."""
        return -int(_ERROR.unpack_from(self.payload)[0])


def messages(data: bytes) -> Iterator[Message]:
    """The messages of one datagram. ValueError when it is not what netlink sends."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, type_, flags, sequence, _ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size or at + length > len(data):
            raise ValueError(f"a netlink message of {length} bytes at {at} of {len(data)}")
        yield Message(type_, flags, sequence, data[at + _HEADER.size : at + length])
        at += (length + 3) & ~3


def attribute(type: int, value: bytes) -> bytes:
    """One attribute, padded to 4 bytes."""
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, type) + value + bytes(-length % 4)


def text(type: int, value: str) -> bytes:
    """An attribute of text, which ends with a zero byte."""
    return attribute(type, value.encode() + b"\0")


def u8(type: int, value: int) -> bytes:
    return attribute(type, struct.pack("=B", value))


def u16(type: int, value: int) -> bytes:
    return attribute(type, struct.pack("=H", value))


def u32(type: int, value: int) -> bytes:
    return attribute(type, struct.pack("=I", value))


def nested(type: int, *parts: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(type | NLA_F_NESTED, b"".join(parts))


def attributes(data: bytes) -> dict[int, bytes]:
    """Type -> value of a run of attributes; the last of two of one type. ValueError when it is none."""
    found: dict[int, bytes] = {}
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, type_ = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size or at + length > len(data):
            raise ValueError(f"a netlink attribute of {length} bytes at {at} of {len(data)}")
        found[type_ & NLA_TYPE_MASK] = data[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
    return found


def string(value: bytes) -> str:
    """The text of an attribute."""
    return value.split(b"\0", 1)[0].decode(errors="surrogateescape")


def number(value: bytes) -> int:
    """The number of an attribute of 1, 2, 4 or 8 bytes in the machine's order."""
    return int.from_bytes(value, "little" if _LITTLE else "big")


_LITTLE = struct.pack("=H", 1) == b"\1\0"
