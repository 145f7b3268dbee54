"""D-Bus as systemd speaks it: what is written can be read, by the specification's alignment."""

import socket
import struct
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.kernel.cgroup.bus import Bus, BusError, first_type, put, take
from boxship.lib.errors import Unavailable

NUMBERS = {"y": (0, 255), "b": (0, 1), "u": (0, 2**32 - 1), "i": (-(2**31), 2**31 - 1), "t": (0, 2**64 - 1)}
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9)


def typed(signature: str) -> st.SearchStrategy[object]:
    if signature in NUMBERS:
        low, high = NUMBERS[signature]
        return st.integers(low, high)
    if signature[0] == "a":
        return st.lists(typed(signature[1:]), max_size=4)
    if signature[0] == "(":
        return st.tuples(*map(typed, parts(signature[1:-1]))).map(list)
    if signature == "v":
        return SIGNATURES.flatmap(lambda inner: st.tuples(st.just(inner), typed(inner)))
    return TEXT


def parts(signature: str) -> list[str]:
    found = []
    while signature:
        found.append(first_type(signature))
        signature = signature[len(found[-1]) :]
    return found


SIGNATURES = st.recursive(
    st.sampled_from([*NUMBERS, "s", "o"]),
    lambda inner: st.one_of(
        inner.map(lambda one: f"a{one}"), st.lists(inner, min_size=1, max_size=3).map(lambda some: f"({''.join(some)})")
    ),
    max_leaves=5,
)


@given(st.data(), st.lists(SIGNATURES, max_size=4), st.integers(0, 7))
def test_what_is_put_is_taken(data: st.DataObject, kinds: list[str], before: int):
    values = [data.draw(typed(kind)) for kind in kinds]
    out = bytearray(before)
    put(out, "".join(kinds), values)
    assert take(bytes(out), before, "".join(kinds)) == (values, len(out))


@given(st.data())
def test_variants(data: st.DataObject):
    value = data.draw(typed("v"))
    out = bytearray()
    put(out, "v", [value])
    assert take(bytes(out), 0, "v") == ([value], len(out))


def test_the_specifications_alignment():
    out = bytearray()
    put(out, "yta(st)", [1, 2, [("ab", 3)]])
    assert out == (
        b"\1"
        + bytes(7)
        + struct.pack("=Q", 2)
        + struct.pack("=I", 16)
        + bytes(4)
        + b"\2\0\0\0ab\0\0"
        + b"\3"
        + bytes(7)
    )


def test_without_systemd(tmp_path: Path):
    with pytest.raises(Unavailable, match=r"systemd does not take calls \(.*/none: No such file or directory\)"):
        Bus((f"{tmp_path}/none",))


def answer(listener: socket.socket, *replies: bytes) -> None:
    """The other side: one client, whose calls get these bytes in turn."""
    client, _ = listener.accept()
    with client:
        client.recv(65536)
        client.sendall(replies[0])
        for reply in replies[1:]:
            client.recv(65536)
            client.sendall(reply)


def message(kind: int, serial: int, fields: list[object], signature: str, values: list[object]) -> bytes:
    body, head = bytearray(), bytearray()
    put(body, signature, values)
    put(head, "yyyyuua(yv)", [ord("l"), kind, 0, 1, len(body), serial, [*fields, (8, ("g", signature))]])
    return bytes(head + bytes(-len(head) % 8) + body)


def test_errors_signals_and_replies_are_told_apart(tmp_path: Path):
    path = f"{tmp_path}/bus"
    hello = message(2, 1, [(5, ("u", 1))], "s", [":1.7"])
    signal = message(4, 2, [(3, ("s", "JobRemoved"))], "uoss", [5, "/job/5", "other.scope", "done"])
    refused = message(3, 3, [(4, ("s", "org.example.No")), (5, ("u", 2))], "s", ["not today"])
    reply = message(2, 4, [(5, ("u", 3))], "o", ["/job/6"])
    ended = message(4, 5, [(3, ("s", "JobRemoved"))], "uoss", [6, "/job/6", "my.scope", "failed"])
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        other = threading.Thread(
            target=answer, args=(listener, b"OK 1234\r\n", hello, signal + refused, reply + signal + ended)
        )
        other.start()
        bus = Bus((path,))
        with pytest.raises(BusError, match="not today") as caught:
            bus.manager("StopUnit", "ss", ["a.scope", "replace"])
        assert caught.value.name == "org.example.No"
        assert bus.manager("StopUnit", "ss", ["a.scope", "replace"]) == ["/job/6"]
        assert bus.job_ended("my.scope") == "failed"
        bus.close()
        other.join()
