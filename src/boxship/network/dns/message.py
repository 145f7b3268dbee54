"""DNS messages (RFC 1035, RFC 6891) as far as a resolver in front of others needs them. Pure; input may be hostile."""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

TYPE_A = 1
TYPE_PTR = 12
TYPE_AAAA = 28
TYPE_OPT = 41
TYPE_ANY = 255
CLASS_IN = 1

NOERROR = 0
FORMERR = 1
SERVFAIL = 2
NXDOMAIN = 3
NOTIMP = 4
REFUSED = 5

QR = 0x8000
AA = 0x0400
TC = 0x0200
RD = 0x0100
RA = 0x0080
_OPCODE = 0x7800

_HEADER = struct.Struct("!HHHHHH")
SHORTEST = _HEADER.size
"""Bytes of the shortest message."""

_QUESTION = struct.Struct("!HH")
_RECORD = struct.Struct("!HHIH")
_PLAIN_SIZE = 512
_OUR_SIZE = 1232
_LONGEST_NAME = 253
# Where the question stands in every reply of ours.
_POINTER = b"\xc0\x0c"


class Malformed(ValueError):
    """Bytes that are no DNS query that can be answered; id: of the query, None when not even that can be read."""

    def __init__(self, reason: str, id: int | None = None) -> None:
        super().__init__(reason)
        self.id = id


class Query:
    """One question. name: lower case, without the dot at its end; wire: the question's bytes, as they came.

    size: how large a reply over UDP may be. edns: the client speaks EDNS.
    """

    __slots__ = ("class_", "edns", "flags", "id", "name", "size", "type", "wire")

    def __init__(
        self, id: int, flags: int, name: str, type: int, class_: int, wire: bytes, *, size: int, edns: bool
    ) -> None:
        self.id = id
        self.flags = flags
        self.name = name
        self.type = type
        self.class_ = class_
        self.wire = wire
        self.size = size
        self.edns = edns


def parse_query(data: bytes) -> Query:
    """Read a query with one question. Malformed for everything else; replies are Malformed without an id."""
    if len(data) < _HEADER.size:
        raise Malformed("shorter than a header")
    id_, flags, questions, answers, authorities, additional = _HEADER.unpack_from(data)
    if flags & QR:
        raise Malformed("a reply, not a query")
    if flags & _OPCODE:
        raise Malformed("another operation than a query", id_)
    if questions != 1 or answers or authorities > 1:
        raise Malformed(f"{questions} questions, {answers} answers", id_)
    try:
        name, at = _name(data, _HEADER.size)
        type_, class_ = _QUESTION.unpack_from(data, at)
    except (IndexError, struct.error, ValueError) as error:
        raise Malformed(str(error), id_) from None
    wire = data[_HEADER.size : at + _QUESTION.size]
    size, edns = _edns(data, at + _QUESTION.size, additional) if not authorities else (_PLAIN_SIZE, False)
    return Query(id_, flags, name, type_, class_, wire, size=size, edns=edns)


def _name(data: bytes, at: int) -> tuple[str, int]:
    """A name without pointers, as questions have it, and where it ends."""
    labels = []
    length = 0
    while count := data[at]:
        if count > 63:
            raise ValueError("a pointer or an unknown label in a question")
        label = data[at + 1 : at + 1 + count]
        if len(label) < count:
            raise ValueError("a label ends early")
        # A dot within a label must not look like one between two.
        labels.append(label.decode("latin-1").replace("\\", "\\\\").replace(".", "\\.").lower())
        length += count + 1
        if length > _LONGEST_NAME + 1:
            raise ValueError("a name of more than 253 bytes")
        at += 1 + count
    return ".".join(labels), at + 1


def _edns(data: bytes, at: int, additional: int) -> tuple[int, bool]:
    """What a client says of its buffer; the OPT record is the only one that clients add."""
    # Root name, type, class (the size), TTL, length.
    if additional < 1 or len(data) < at + 11 or data[at] != 0:
        return _PLAIN_SIZE, False
    type_, size = _QUESTION.unpack_from(data, at + 1)
    return (max(_PLAIN_SIZE, min(size, 65535)), True) if type_ == TYPE_OPT else (_PLAIN_SIZE, False)


def reply(query: Query, code: int, records: Sequence[tuple[int, int, bytes]] = (), *, tcp: bool = False) -> bytes:
    """A reply of our own. records: (type, seconds to live, data), all for the question's name.

    What does not fit a client's buffer is left out and marked: it comes again over TCP.
    """
    limit = 65535 if tcp else min(query.size, _OUR_SIZE) if query.edns else _PLAIN_SIZE
    tail = b"\0" + _RECORD.pack(TYPE_OPT, _OUR_SIZE, 0, 0) if query.edns else b""
    flags = QR | AA | RA | (query.flags & RD) | code
    body = b""
    count = 0
    for type_, ttl, data in records:
        record = _POINTER + _RECORD.pack(type_, CLASS_IN, ttl, len(data)) + data
        if _HEADER.size + len(query.wire) + len(body) + len(record) + len(tail) > limit:
            flags |= TC
            break
        body += record
        count += 1
    header = _HEADER.pack(query.id, flags, 1, count, 0, 1 if tail else 0)
    return header + query.wire + body + tail


def refuse(id: int, code: int) -> bytes:
    """A reply to what could not be read."""
    return _HEADER.pack(id, QR | RA | code, 0, 0, 0, 0)


def encode_name(name: str) -> bytes:
    """A host's name as DNS writes it. ValueError for labels that are empty or too long."""
    data = b""
    for label in name.split("."):
        raw = label.encode("ascii", "replace")
        if not 0 < len(raw) < 64:
            raise ValueError(f"no name of a host: {name!r}")
        data += bytes([len(raw)]) + raw
    if len(data) > _LONGEST_NAME + 1:
        raise ValueError(f"a name of more than {_LONGEST_NAME} bytes: {name!r}")
    return data + b"\0"


def response_code(data: bytes) -> int:
    """The code of a reply that somebody else gave."""
    return data[3] & 0xF if len(data) >= _HEADER.size else SERVFAIL


def answers(data: bytes, wire: bytes, id: int) -> bool:
    """Whether bytes are the reply to the question `wire` that was asked with `id`: case of letters apart."""
    if len(data) < _HEADER.size or int.from_bytes(data[:2], "big") != id or not data[2] & 0x80:
        return False
    questions = int.from_bytes(data[4:6], "big")
    if not questions:
        # Servers leave it out when they refuse.
        return response_code(data) != NOERROR
    asked = data[_HEADER.size : _HEADER.size + len(wire)]
    # The last four bytes are type and class: no letters, whatever they look like.
    return asked[-4:] == wire[-4:] and asked.lower() == wire.lower()


def with_id(data: bytes, id: int) -> bytes:
    """The same message under another id."""
    return id.to_bytes(2, "big") + data[2:]
