"""What is wrong with a text that is no JSON, told as Go tells it.

The sentences were heard from Docker 28.5.2, which got each text as the body of a create.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.lib.errors import InvalidParameter
from boxship.server.decode import parse_json
from boxship.server.json_syntax import TRUNCATED, BadSyntax, value_end

HEARD: dict[bytes, str] = {
    b"{i": "invalid character 'i' looking for beginning of object key string",
    b'{"a" 1}': "invalid character '1' after object key",
    b'{"a":1 2}': "invalid character '2' after object key:value pair",
    b"[1 2]": "invalid character '2' after array element",
    b"[1,]": "invalid character ']' looking for beginning of value",
    b'{"a":1,}': "invalid character '}' looking for beginning of object key string",
    b"{,}": "invalid character ',' looking for beginning of object key string",
    b"[,]": "invalid character ',' looking for beginning of value",
    b"nul": "unexpected EOF",
    b"nulx": "invalid character 'x' in literal null (expecting 'l')",
    b"tru3": "invalid character '3' in literal true (expecting 'e')",
    b"falsy": "invalid character 'y' in literal false (expecting 'e')",
    b"-": "unexpected EOF",
    b"-a": "invalid character 'a' in numeric literal",
    b"[01]": "invalid character '1' after array element",
    b"[1.a]": "invalid character 'a' in numeric literal",
    b"[1ex]": "invalid character 'x' in numeric literal",
    b"[1e+]": "invalid character ']' in numeric literal",
    b'["\\x"]': "invalid escape sequence `\\x` in string",
    b'["\\u12g4"]': "invalid escape sequence `\\u12g4` in string",
    b'["a\nb"]': "invalid character '\\n' in string",
    b'["a\x00b"]': "invalid character '\\x00' in string",
    b'"': "unexpected EOF",
    b'["abc': "unexpected EOF",
    b"{": "unexpected EOF",
    b"[": "unexpected EOF",
    b'{"a"': "unexpected EOF",
    b'{"a":': "unexpected EOF",
    b'{"a":1': "unexpected EOF",
    b"[1": "unexpected EOF",
    b"'a'": "invalid character '\\'' looking for beginning of value",
    b'["\\\'"]': "invalid escape sequence `\\'` in string",
    b"}": "invalid character '}' looking for beginning of value",
    b"]": "invalid character ']' looking for beginning of value",
    b"x": "invalid character 'x' looking for beginning of value",
    b"\xff": "invalid character '\\xff' looking for beginning of value",
    b'{"a":\x7f}': "invalid character '\\x7f' looking for beginning of value",
    b'{"a":\x80}': "invalid character '\\x80' looking for beginning of value",
    b"\\": "invalid character '\\\\' looking for beginning of value",
    b"{a}": "invalid character 'a' looking for beginning of object key string",
    b'{"a":"b"]': "invalid character ']' after object key:value pair",
    b"[1}": "invalid character '}' after array element",
    b'{"a"\xa0:1}': "invalid character '\\xa0' after object key",
    b'{"a":\xad}': "invalid character '\\xad' looking for beginning of value",
    b'{"a":\x08}': "invalid character '\\b' looking for beginning of value",
    b'{"a":\x0b}': "invalid character '\\v' looking for beginning of value",
    b'{"a":\x0c}': "invalid character '\\f' looking for beginning of value",
    b'{"a":\xe9}': "invalid character '\\xe9' looking for beginning of value",
    b"[1.": "unexpected EOF",
    b'["\\': "unexpected EOF",
    b'["\\u1': "unexpected EOF",
    b"[tr": "unexpected EOF",
    b"[<]": "invalid character '<' looking for beginning of value",
    b"[&]": "invalid character '&' looking for beginning of value",
    b'["a"\x07]': "invalid character '\\a' after array element",
    b"[\x1f]": "invalid character '\\x1f' looking for beginning of value",
    b"[\xa0]": "invalid character '\\xa0' looking for beginning of value",
    b"[.5]": "invalid character '.' looking for beginning of value",
    b"[+1]": "invalid character '+' looking for beginning of value",
    b"[NaN]": "invalid character 'N' looking for beginning of value",
    b"\xef\xbb\xbf{}": "invalid character '\\ufeff' looking for beginning of value",
}


@pytest.mark.parametrize("text", HEARD)
def test_the_words_of_go(text: bytes) -> None:
    with pytest.raises(InvalidParameter) as told:
        parse_json(text)
    assert told.value.message == f"invalid JSON: {HEARD[text]}"


@pytest.mark.parametrize("text", [b"{} {}", b"{}x", b"{},", b"{}1", b'{"a": "\\ud800"} 1'])
def test_more_behind_a_value(text: bytes) -> None:
    with pytest.raises(InvalidParameter) as told:
        parse_json(text)
    assert told.value.message == "unexpected content after JSON"


@pytest.mark.parametrize("text", [b"{}}", b"{}]", b"{} } x"])
def test_a_bracket_too_many(text: bytes) -> None:
    """Go's decoder asks only whether more values come, and a closing bracket is none."""
    assert parse_json(text) == {}


def test_what_go_reads_and_others_refuse() -> None:
    assert parse_json(b'{"a": "x\\ud800y"}') == {"a": "x\ufffdy"}
    assert parse_json(b'{"a": 1e999}') == {"a": float("inf")}
    assert parse_json(b'{"a": "\xff"}') == {"a": "\ufffd"}


def test_too_deep() -> None:
    with pytest.raises(InvalidParameter, match="exceeded max depth"):
        parse_json(b"[" * 100_000 + b"]" * 100_000)
    assert value_end(b"[" * 100_000 + b"]" * 100_000) == 200_000


def reads(text: bytes) -> bool:
    """Whether Python's own parser takes the text; NaN and infinities, which are no JSON, it must not."""

    def refuse(word: str) -> None:
        raise ValueError(word)

    try:
        json.loads(text.decode("utf-8", "replace"), parse_constant=refuse)
    except ValueError:
        return False
    return True


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(JSON, st.booleans())
def test_json_is_never_called_wrong(value: object, ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii).encode("utf-8", "replace")
    assert value_end(text) == len(text)


@given(JSON, st.integers(0, 200), st.binary(max_size=2), st.integers(0, 2))
def test_damaged_json(value: object, at: int, inserted: bytes, removed: int) -> None:
    """What another parser makes of a damaged text is what is said of it: the value's end, or that it has none."""
    text = json.dumps(value).encode()
    damaged = text[:at] + inserted + text[at + removed :]
    try:
        end = value_end(damaged)
    except BadSyntax as error:
        assert str(error) == TRUNCATED or str(error).startswith("invalid ")
        assert not reads(damaged)
    else:
        assert reads(damaged[:end])


@given(st.binary(max_size=30))
def test_any_bytes(text: bytes) -> None:
    """No text is a crash."""
    try:
        parse_json(text)
    except InvalidParameter:
        pass
