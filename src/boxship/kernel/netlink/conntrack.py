"""Connections that the kernel tracks (linux/netfilter/nfnetlink_conntrack.h)."""

from __future__ import annotations

import _socket
import struct

from boxship.kernel.netlink.message import Message, Request, attribute, attributes, nested

_SUBSYSTEM = 1 << 8
_GET = _SUBSYSTEM | 1
_DELETE = _SUBSYSTEM | 2
_TUPLE_ORIG = 1
_TUPLE_REPLY = 2
_ID = 12
_TUPLE_IP = 1
_TUPLE_PROTO = 2
# By family: attributes of the source's and the destination's address.
_ADDRESSES = {_socket.AF_INET: (1, 2), _socket.AF_INET6: (3, 4)}
_PROTO_NUM = 1
_PROTO_SOURCE = 2
_PROTO_DESTINATION = 3

_HEADER = struct.Struct("!BBH")
_PORT = struct.Struct("!H")


class Flow:
    """A tracked connection. destination, port: whom the first packet was for; answers: who really replies.

    protocol: IPPROTO_*.
    """

    __slots__ = ("_family", "_id", "_original", "answers", "destination", "port", "protocol")

    def __init__(self, message: Message) -> None:
        self._family = message.payload[0]
        values = attributes(message.payload[_HEADER.size :])
        self._original, self._id = values.get(_TUPLE_ORIG, b""), values.get(_ID, b"")
        source, destination = _ADDRESSES.get(self._family, (0, 0))
        original, reply = attributes(self._original), attributes(values.get(_TUPLE_REPLY, b""))
        proto = attributes(original.get(_TUPLE_PROTO, b""))
        self.protocol = proto.get(_PROTO_NUM, b"\0")[0]
        port = proto.get(_PROTO_DESTINATION, b"")
        self.port = int(_PORT.unpack(port)[0]) if len(port) == _PORT.size else 0
        self.destination = self._address(original, destination)
        self.answers = self._address(reply, source)

    def _address(self, values: dict[int, bytes], kind: int) -> str:
        raw = attributes(values.get(_TUPLE_IP, b"")).get(kind, b"")
        return _socket.inet_ntop(self._family, raw) if raw else ""

    def delete(self) -> Request:
        """Forget the connection: its next packet is looked at as a first one."""
        payload = _HEADER.pack(self._family, 0, 0) + nested(_TUPLE_ORIG, self._original)
        if self._id:
            payload += attribute(_ID, self._id)
        return Request(_DELETE, 0, payload, "forget a connection")


def all_flows(family: int) -> Request:
    """Ask for the connections of a family."""
    return Request(_GET, 0, _HEADER.pack(family, 0, 0), "list the connections")
