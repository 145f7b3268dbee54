"""DNS messages: what comes in may be anything, what goes out can be read by everybody."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.network.dns import message

# Every byte: names of hosts are only a part of what a question may hold.
LABEL = st.binary(min_size=1, max_size=63)
HOST = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?", fullmatch=True)


def wire_name(labels: list[bytes]) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def query(
    labels: list[bytes],
    type_: int = 1,
    class_: int = 1,
    *,
    id: int = 7,
    flags: int = message.RD,
    edns: int | None = None,
) -> bytes:
    """A question as a client sends it. edns: the size of its buffer."""
    data = struct.pack("!HHHHHH", id, flags, 1, 0, 0, 0 if edns is None else 1)
    data += wire_name(labels) + struct.pack("!HH", type_, class_)
    return data + (b"" if edns is None else b"\0" + struct.pack("!HHIH", message.TYPE_OPT, edns, 0, 0))


def read(data: bytes) -> tuple[int, int, list[tuple[int, int, bytes]], bytes]:
    """(flags, records of EDNS, answers, question) of a reply; by the RFC, apart from the code under test."""
    _, flags, questions, answers, authorities, additional = struct.unpack_from("!HHHHHH", data)
    assert (questions, authorities) == (1, 0)
    at = 12
    while data[at]:
        at += 1 + data[at]
    at += 5
    question = data[12:at]
    found = []
    for number in range(answers + additional):
        if number < answers:
            assert data[at : at + 2] == b"\xc0\x0c"
            at += 2
        else:
            assert data[at] == 0
            at += 1
        type_, class_, ttl, length = struct.unpack_from("!HHIH", data, at)
        at += 10
        if number < answers:
            assert class_ == 1
            found.append((type_, ttl, data[at : at + length]))
        else:
            assert type_ == message.TYPE_OPT
        at += length
    assert at == len(data)
    return flags, additional, found, question


@given(
    st.lists(LABEL, max_size=6).filter(lambda labels: sum(len(label) + 1 for label in labels) <= 254),
    st.integers(0, 65535),
    st.integers(0, 65535),
    st.integers(0, 65535),
    st.none() | st.integers(0, 65535),
)
def test_what_is_asked_is_read(labels: list[bytes], type_: int, class_: int, id: int, edns: int | None) -> None:
    data = query(labels, type_, class_, id=id, edns=edns)
    found = message.parse_query(data)
    assert (found.id, found.type, found.class_) == (id, type_, class_)
    assert found.wire == wire_name(labels) + struct.pack("!HH", type_, class_)
    assert found.size == max(512, edns or 0)
    assert found.edns == (edns is not None)
    # Dots within labels are told from those between.
    plain = found.name.replace("\\\\", "").replace("\\.", "")
    assert plain.count(".") == max(0, len(labels) - 1)


@given(st.binary(max_size=700))
def test_any_bytes_are_a_query_or_malformed(data: bytes) -> None:
    try:
        message.parse_query(data)
    except message.Malformed as error:
        assert error.id is None or error.id == int.from_bytes(data[:2], "big")


@given(
    st.lists(HOST, min_size=1, max_size=4),
    st.none() | st.integers(0, 65535),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=5),
    st.integers(0, 80),
)
def test_changed_bytes_are_a_query_or_malformed(
    labels: list[str], edns: int | None, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(query([label.encode() for label in labels], edns=edns))
    for at, value in changes:
        data[at % len(data)] = value
    whole = bytes(data[: len(data) - cut % len(data)])
    try:
        found = message.parse_query(whole)
    except message.Malformed:
        return
    assert found.wire in whole
    read(message.reply(found, message.NOERROR, [(1, 5, b"\1\2\3\4")] * 100))


@pytest.mark.parametrize(
    "name",
    [
        b"\xc0\x0c",  # itself: a loop
        b"\1a\xc0\x0c",
        b"\x40" + b"a" * 64 + b"\0",  # a label of 64
        b"\x80a\0",
        b"\3ab",
        b"\1a" * 128 + b"\0",
        b"",
    ],
)
def test_names_that_are_none(name: bytes) -> None:
    with pytest.raises(message.Malformed) as caught:
        message.parse_query(struct.pack("!HHHHHH", 9, 0, 1, 0, 0, 0) + name + b"\0\1\0\1")
    assert caught.value.id == 9


def test_replies_and_other_operations_are_no_queries() -> None:
    with pytest.raises(message.Malformed) as caught:
        message.parse_query(query([b"aa"], flags=message.QR))
    assert caught.value.id is None, "answered, two resolvers would talk for ever"
    with pytest.raises(message.Malformed) as caught:
        message.parse_query(query([b"aa"], flags=0x2800))
    assert caught.value.id == 7


@given(
    st.lists(HOST, min_size=1, max_size=3),
    st.none() | st.integers(0, 65535),
    st.integers(0, 200),
    st.booleans(),
)
def test_replies_fit_and_say_what_is_missing(labels: list[str], edns: int | None, count: int, tcp: bool) -> None:
    asked = message.parse_query(query([label.encode() for label in labels], edns=edns))
    records = [(1, 5, struct.pack("!I", number)) for number in range(count)]
    reply = message.reply(asked, message.NOERROR, records, tcp=tcp)
    flags, additional, found, question = read(reply)
    limit = 65535 if tcp else 512 if edns is None else min(1232, max(512, edns))
    assert len(reply) <= limit
    assert found == records[: len(found)]
    assert bool(flags & message.TC) == (len(found) < count)
    assert additional == (edns is not None)
    assert question == asked.wire
    assert flags & message.RD and flags & message.QR and flags & message.RA
    if len(found) < count:
        assert len(reply) + 16 > limit


@given(st.lists(HOST, min_size=1, max_size=12))
def test_names_are_written_as_they_are_read(labels: list[str]) -> None:
    name = ".".join(labels)
    if len(name) > 253:
        with pytest.raises(ValueError, match="253"):
            message.encode_name(name)
    else:
        assert message.encode_name(name) == wire_name([label.encode() for label in labels])


@pytest.mark.parametrize("name", ["", ".", "a..b", "a" * 64, ".".join(["a" * 60] * 5)])
def test_what_is_no_hosts_name(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        message.encode_name(name)


def test_an_answer_belongs_to_its_question() -> None:
    asked = message.parse_query(query([b"WWW", b"example"], 65))
    good = message.with_id(message.reply(asked, 0), 1234)
    assert message.answers(good, asked.wire, 1234)
    assert message.answers(good.replace(b"WWW", b"www"), asked.wire, 1234)
    assert not message.answers(good, asked.wire, 1235)
    assert not message.answers(good.replace(b"WWW", b"WVW"), asked.wire, 1234)
    # Type 97 is type 65 in capitals, if one takes it for a letter.
    assert not message.answers(good.replace(b"\0\x41\0\1", b"\0\x61\0\1"), asked.wire, 1234)
    assert not message.answers(query([b"WWW", b"example"], 65, id=1234), asked.wire, 1234), "a query"
    assert message.answers(message.refuse(1234, message.REFUSED), asked.wire, 1234)
    assert not message.answers(message.refuse(1234, message.NOERROR), asked.wire, 1234)


@given(st.binary(max_size=40), st.integers(0, 65535))
def test_any_bytes_may_claim_to_be_an_answer(data: bytes, id: int) -> None:
    asked = message.parse_query(query([b"aa"]))
    message.answers(data, asked.wire, id)
    message.response_code(data)
