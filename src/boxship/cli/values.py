"""The values that flags take, read as the docker CLI (Go's strconv, time, go-units) reads them. Pure.

Every function takes the text and gives the value; ValueError carries the reason in Docker's words.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")
_UNITS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,
    "\u03bcs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_DIGITS = "0123456789"


def quote(text: str) -> str:
    """A string as Go's %q prints it."""
    pieces = ['"']
    for character in text:
        if character in '"\\':
            pieces.append("\\" + character)
        elif character.isprintable():
            pieces.append(character)
        else:
            pieces.append(_escape(character))
    pieces.append('"')
    return "".join(pieces)


def quote_rune(character: str) -> str:
    """A character as Go's %q prints it."""
    if character in "'\\":
        return f"'\\{character}'"
    return f"'{character if character.isprintable() else _escape(character)}'"


def _escape(character: str) -> str:
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
    if character in named:
        return named[character]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def boolean(text: str) -> bool:
    """strconv.ParseBool."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"strconv.ParseBool: parsing {quote(text)}: invalid syntax")


def _whole(text: str, function: str, signed: bool, low: int, high: int) -> int:
    digits = text[1:] if signed and text[:1] in ("-", "+") else text
    base = 10
    if digits[:2].lower() in ("0x", "0o", "0b"):
        base = {"x": 16, "o": 8, "b": 2}[digits[1].lower()]
        digits = digits[2:]
    elif len(digits) > 1 and digits[0] == "0":
        base = 8
    try:
        if not digits.isalnum() or not digits.isascii():
            raise ValueError
        value = int(digits, base)
    except ValueError:
        raise ValueError(f"strconv.{function}: parsing {quote(text)}: invalid syntax") from None
    if text[0] == "-":
        value = -value
    if not low <= value <= high:
        raise ValueError(f"strconv.{function}: parsing {quote(text)}: value out of range")
    return value


def integer(text: str) -> int:
    """A signed 64-bit number."""
    return _whole(text, "ParseInt", True, -(2**63), 2**63 - 1)


def unsigned(text: str) -> int:
    """An unsigned 64-bit number."""
    return _whole(text, "ParseUint", False, 0, 2**64 - 1)


def unsigned16(text: str) -> int:
    """An unsigned 16-bit number."""
    return _whole(text, "ParseUint", False, 0, 2**16 - 1)


def string(text: str) -> str:
    """The text itself."""
    return text


def duration(text: str) -> int:
    """Nanoseconds, from "1h2m3.5s", "300ms", "0"."""
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    if not rest:
        raise ValueError(f"time: invalid duration {quote(text)}")
    total = 0
    while rest:
        end = 0
        while end < len(rest) and (rest[end] in _DIGITS or rest[end] == "."):
            end += 1
        number, rest = rest[:end], rest[end:]
        whole, _, fraction = number.partition(".")
        if not (whole or fraction) or "." in fraction:
            raise ValueError(f"time: invalid duration {quote(text)}")
        end = 0
        while end < len(rest) and rest[end] != "." and rest[end] not in _DIGITS:
            end += 1
        unit, rest = rest[:end], rest[end:]
        if not unit:
            raise ValueError(f"time: missing unit in duration {quote(text)}")
        if unit not in _UNITS:
            raise ValueError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
        scale = _UNITS[unit]
        total += int(whole or "0") * scale
        if fraction:
            total += int(fraction) * scale // 10 ** len(fraction)
    return -total if text[0] == "-" else total


def size(text: str) -> int:
    """Bytes, from "64m", "1.5GiB", "1024": every unit is a power of 1024 (go-units, RAMInBytes)."""
    trimmed = text.strip()
    end = len(trimmed)
    while end and trimmed[end - 1] not in _DIGITS + ".":
        end -= 1
    number, unit = trimmed[:end], trimmed[end:].strip().lower()
    scale = {"": 1, "b": 1}
    for power, letter in enumerate("kmgtp", 1):
        scale[letter] = scale[letter + "b"] = scale[letter + "ib"] = 1024**power
    try:
        if not number or not number[0].isdigit() or "_" in number:
            raise ValueError
        value = float(number)
    except ValueError:
        raise ValueError(f"invalid size: '{text}'") from None
    if unit not in scale:
        raise ValueError(f"invalid suffix: '{unit}'")
    return int(number) * scale[unit] if number.isdigit() else int(value * scale[unit])


def swap_size(text: str) -> int:
    """Bytes, or -1 for no limit."""
    return -1 if text == "-1" else size(text)


def cpus(text: str) -> int:
    """Billionths of a CPU, from "1.5" or "3/2"."""
    from fractions import Fraction

    try:
        value = Fraction(text) * 1_000_000_000
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"failed to parse {text} as a rational number") from None
    if value.denominator != 1:
        raise ValueError("value is too precise")
    return value.numerator


def comma_list(text: str) -> list[str]:
    """The fields of one line of CSV (RFC 4180)."""
    if not text:
        return []
    fields: list[str] = []
    rest = text
    while True:
        if rest[:1] == '"':
            field, rest = _quoted(rest[1:], text)
        else:
            end = rest.find(",")
            field, rest = (rest, "") if end < 0 else (rest[:end], rest[end:])
            if '"' in field:
                raise ValueError(f'parse error on line 1, column {text.find(chr(34)) + 1}: bare " in non-quoted-field')
        fields.append(field)
        if not rest:
            return fields
        rest = rest[1:]


def _quoted(rest: str, text: str) -> tuple[str, str]:
    field = ""
    while True:
        piece, found, rest = rest.partition('"')
        field += piece
        if not found:
            raise ValueError(f'parse error on line 1, column {len(text) + 1}: extraneous or missing " in quoted-field')
        if rest[:1] == '"':
            field += '"'
            rest = rest[1:]
            continue
        if rest and rest[0] != ",":
            column = len(text) - len(rest)
            raise ValueError(f'parse error on line 1, column {column}: extraneous or missing " in quoted-field')
        return field, rest


def pair(text: str) -> tuple[str, str]:
    """key=value; without "=" the value is empty."""
    key, _, value = text.partition("=")
    return key, value


def filter_pair(text: str) -> "tuple[str, str] | list[Any]":
    """A filter: name=value; an empty text is none."""
    if not text:
        return []
    name, found, value = text.partition("=")
    if not found:
        raise ValueError("bad format of filter (expected name=value)")
    return name.strip().lower(), value.strip()


CONVERT: "dict[str, Callable[[str], Any]]" = {
    "": boolean,
    "string": string,
    "list": string,
    "strings": comma_list,
    "int": integer,
    "uint": unsigned,
    "uint16": unsigned16,
    "duration": duration,
    "bytes": size,
    "decimal": cpus,
    "map": pair,
    "filter": filter_pair,
}
