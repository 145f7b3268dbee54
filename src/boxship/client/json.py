"""JSON as Docker's clients print it, and streams of JSON; lib/plainjson.py reads single texts. No `json` package."""

from _json import encode_basestring, encode_basestring_ascii

from boxship.lib.plainjson import BLANK, decode_first

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


def decode_stream(pieces: "Iterator[bytes]") -> "Iterator[Any]":
    """The values of a stream of JSON texts, each as soon as it is whole. They are apart by white space or nothing.

    ValueError when the stream ends in the middle of a text.
    """
    rest = b""
    for piece in pieces:
        rest += piece
        *lines, rest = rest.split(b"\n")
        for line in lines:
            yield from _several(line.decode("utf-8", "replace").strip(BLANK))
        if rest.rstrip().endswith(b"}"):
            # Some engines end a text with no line feed; what is not whole yet waits for more.
            try:
                values = list(_several(rest.decode("utf-8", "replace").strip(BLANK)))
            except ValueError:
                continue
            rest = b""
            yield from values
    yield from _several(rest.decode("utf-8", "replace").strip(BLANK))


def _several(text: str) -> "Iterator[Any]":
    while text:
        value, end = decode_first(text)
        yield value
        text = text[end:].lstrip(BLANK)


def encode(value: "Any") -> str:
    """`value` on one line, without blanks, ASCII only. TypeError for what JSON has no form of."""
    return _compact(value, encode_basestring_ascii)


def compact(value: "Any") -> str:
    """`value` on one line as Go writes it with SetEscapeHTML(false); keys keep their order."""
    return _compact(value, go_string)


def marshal(value: "Any") -> str:
    """`value` on one line as Go's json.Marshal writes it: <, > and & are escaped; keys keep their order."""
    return _compact(value, go_html_string)


def _compact(value: "Any", string: "Callable[[str], str]") -> str:
    if isinstance(value, str):
        return string(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{string(key)}:{_compact(item, string)}" for key, item in value.items()]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_compact(item, string) for item in value]) + "]"
    return _scalar(value)


def indent(value: "Any", unit: str, margin: str = "") -> str:
    """`value` laid out as Go's json.Indent does; strings keep their characters, but U+2028 and U+2029."""
    if isinstance(value, str):
        return go_string(value)
    if isinstance(value, dict) and value:
        inner = margin + unit
        items = [f"{inner}{go_string(key)}: {indent(item, unit, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{margin}}}"
    if isinstance(value, (list, tuple)) and value:
        inner = margin + unit
        return "[\n" + ",\n".join([inner + indent(item, unit, inner) for item in value]) + f"\n{margin}]"
    if isinstance(value, (dict, list, tuple)):
        return "{}" if isinstance(value, dict) else "[]"
    return _scalar(value)


def go_string(text: str) -> str:
    """A JSON string as Go writes it with SetEscapeHTML(false)."""
    quoted: str = encode_basestring(text)
    if "\u2028" in quoted or "\u2029" in quoted:
        quoted = quoted.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return quoted


def go_html_string(text: str) -> str:
    """A JSON string as Go's json.Marshal writes it: <, > and & are escaped, too."""
    return go_string(text).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _scalar(value: "Any") -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    raise TypeError(f"no JSON form of {type(value).__name__}")


def _number(value: float) -> str:
    # Go (encoding/json, floatEncoder): exponents only below 1e-6 and from 1e21 on; no ".0" after whole numbers.
    text = repr(value)
    size = abs(value)
    if value and (size < 1e-6 or size >= 1e21):
        digits, _, exponent = text.partition("e")
        sign, number = exponent[0], exponent[1:].lstrip("0")
        return f"{digits.removesuffix('.0')}e{sign if sign == '-' else '+'}{number}"
    if "e" in text:
        return f"{value:.0f}" if value == int(value) else f"{value:.20f}".rstrip("0")
    return text.removesuffix(".0")
