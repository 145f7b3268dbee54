"""Netlink's bytes: what is encoded is read back, and damaged bytes are an error, never a loop."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.kernel.netlink.message import Request, attribute, attributes, messages, nested, number, string, text, u32


@given(st.dictionaries(st.integers(1, 0x3FFF), st.binary(max_size=40)))
def test_attributes_come_back(values: dict[int, bytes]) -> None:
    data = b"".join(attribute(type_, value) for type_, value in values.items())
    assert len(data) % 4 == 0
    assert attributes(data) == values


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=30)), max_size=5))
def test_messages_come_back(requests: list[tuple[int, bytes]]) -> None:
    data = b"".join(Request(type_, 0, payload).encode(index) for index, (type_, payload) in enumerate(requests))
    assert [(one.type, one.payload, one.sequence) for one in messages(data)] == [
        (type_, payload, index) for index, (type_, payload) in enumerate(requests)
    ]


@given(st.binary(max_size=200))
def test_any_bytes_end(data: bytes) -> None:
    for read in (lambda: list(messages(data)), lambda: attributes(data)):
        try:
            read()
        except ValueError:
            pass


@pytest.mark.parametrize("length", [0, 15, 500])
def test_a_wrong_length_is_an_error(length: int) -> None:
    with pytest.raises(ValueError, match=f"message of {length} bytes"):
        list(messages(struct.pack("=IHHII", length, 16, 0, 1, 0)))


def test_a_nested_attribute_is_found_by_its_own_type() -> None:
    data = nested(18, text(1, "bridge"), u32(2, 7))
    inner = attributes(attributes(data)[18])
    assert string(inner[1]) == "bridge"
    assert number(inner[2]) == 7
