"""Request targets, held against the standard library where the two mean the same."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, unquote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.http.query import parse_query, split_target, unescape
from boxship.lib.errors import InvalidParameter

text = st.text(st.characters(codec="utf-8"), max_size=20)


@given(text)
def test_unescape_undoes_quote(value: str) -> None:
    """For any text."""
    assert unescape(quote(value, safe="")) == value == unquote(quote(value))


@given(st.lists(st.tuples(text, text), max_size=6))
def test_queries_as_the_standard_library_reads_them(pairs: list[tuple[str, str]]) -> None:
    """For any keys and values, repeated ones in order."""
    assert parse_query(urlencode(pairs)) == parse_qs(urlencode(pairs), keep_blank_values=True)


@given(st.binary(max_size=12))
def test_bytes_survive(data: bytes) -> None:
    """What is no UTF-8 comes back as it was."""
    escaped = "".join(f"%{byte:02X}" for byte in data)
    assert unescape(escaped).encode("utf-8", "surrogateescape") == data


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("a=%zz", 'invalid URL escape "%zz"'),
        ("a=%4", 'invalid URL escape "%4"'),
        ("%", 'invalid URL escape "%"'),
        ("a=1;b=2", "invalid semicolon separator in query"),
    ],
)
def test_broken_queries_in_dockers_words(query: str, message: str) -> None:
    """As a real Docker answered them."""
    with pytest.raises(InvalidParameter) as caught:
        parse_query(query)
    assert caught.value.message == message


def test_keys_without_value() -> None:
    """`?force` is the empty value, not nothing."""
    assert parse_query("force&v=&&x=1&x=2") == {"force": [""], "v": [""], "x": ["1", "2"]}


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("/info", ("/info", "")),
        ("/a?b=c?d", ("/a", "b=c?d")),
        ("http://x:1/a/b?c", ("/a/b", "c")),
        ("http://x", ("/", "")),
        ("/a?u=http://x", ("/a", "u=http://x")),
        ("?a", ("/", "a")),
        ("*", ("*", "")),
    ],
)
def test_targets(target: str, parts: tuple[str, str]) -> None:
    """Origin form and absolute form."""
    assert split_target(target) == parts
