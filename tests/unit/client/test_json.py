"""JSON without the json package: the same values, Go's text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.client.json import compact, decode_stream, encode, indent, marshal
from boxship.lib.plainjson import decode

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_was_written_is_read(value: Any) -> None:
    for write in (encode, compact, marshal, lambda value: indent(value, "    ")):
        assert json.loads(write(value)) == value
        assert decode(write(value)) == value


@given(VALUES)
def test_what_the_standard_library_writes_is_read(value: Any) -> None:
    assert decode(json.dumps(value, indent=2).encode()) == value


@given(st.text())
def test_what_is_no_json_is_refused(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError):
            decode(text)
    else:
        assert decode(text) == expected or expected != expected


@given(
    st.lists(st.dictionaries(st.text(), VALUES, max_size=3), max_size=5),
    st.integers(1, 40),
    st.sampled_from(["\n", "", "\r\n"]),
)
def test_a_stream_in_pieces_of_any_size(values: list[Any], size: int, end: str) -> None:
    data = "".join(encode(value) + end for value in values).encode()
    assert list(decode_stream(data[at : at + size] for at in range(0, len(data), size))) == values


def test_like_go() -> None:
    # What Docker 28.5.2 printed.
    assert marshal({"a": "<none>&"}) == '{"a":"\\u003cnone\\u003e\\u0026"}'
    assert (
        indent({"a": [], "b": {}, "c": [1]}, "    ") == '{\n    "a": [],\n    "b": {},\n    "c": [\n        1\n    ]\n}'
    )
    assert compact([1e21, 1e-7, 1.0, 0.1, 123456789.5]) == "[1e+21,1e-7,1,0.1,123456789.5]"
