"""Why a text is no JSON, in the words of Go's encoding/json: people search the web for them.

The grammar is RFC 8259's; the sentences are those that clients of Docker's API know.
"""

import re

TRUNCATED = "unexpected EOF"

_SPACE = re.compile(rb"[ \t\n\r]*")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_DIGITS = re.compile(rb"[0-9]*")
_HEX = re.compile(rb"[0-9a-fA-F]{0,4}")
_LITERALS = {b"t": b"true", b"f": b"false", b"n": b"null"}

_ESCAPES = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
    "'": r"\'",
}

_VALUE, _FIRST_ITEM, _FIRST_KEY, _KEY, _COLON, _AFTER = range(6)
"""What may come next: a value, a value or `]`, a key or `}`, a key, the colon, what follows a value."""


class BadSyntax(ValueError):
    """A text that is no JSON; its message is the sentence."""


def _wrong(data: bytes, at: int, context: str) -> BadSyntax:
    """The character at a byte is not what was to come there."""
    return BadSyntax(f"invalid character {_quoted(data, at)} {context}")


def value_end(data: bytes) -> int:
    """Where the first value in a text ends, however deep it is. BadSyntax.

    The bytes of strings may be anything above the control characters: Go reads what is no UTF-8 as U+FFFD.
    """
    # The brackets that are open.
    opened: list[bytes] = []
    at, wanted = 0, _VALUE
    while True:
        at, byte = _next(data, at)
        if (byte, wanted) in ((b"}", _FIRST_KEY), (b"]", _FIRST_ITEM)):
            opened.pop()
            at, wanted = at + 1, _AFTER
        elif wanted in (_FIRST_KEY, _KEY):
            if byte != b'"':
                raise _wrong(data, at, "looking for beginning of object key string")
            at, wanted = _string(data, at + 1), _COLON
        elif wanted == _COLON:
            if byte != b":":
                raise _wrong(data, at, "after object key")
            at, wanted = at + 1, _VALUE
        elif wanted == _AFTER:
            at, wanted = at + 1, _separator(data, at, opened)
        elif byte in (b"{", b"["):
            opened.append(byte)
            at, wanted = at + 1, _FIRST_KEY if byte == b"{" else _FIRST_ITEM
        else:
            at, wanted = _scalar(data, at, byte), _AFTER
        if wanted == _AFTER and not opened:
            return at


def _separator(data: bytes, at: int, opened: list[bytes]) -> int:
    """What is wanted after the comma or the bracket that follows a value."""
    byte, in_object = _at(data, at), opened[-1] == b"{"
    if byte == b",":
        return _KEY if in_object else _VALUE
    if byte != (b"}" if in_object else b"]"):
        raise _wrong(data, at, "after object key:value pair" if in_object else "after array element")
    opened.pop()
    return _AFTER


def _scalar(data: bytes, at: int, byte: bytes) -> int:
    """The position behind a string, a number or a word."""
    if byte == b'"':
        return _string(data, at + 1)
    if byte == b"-" or byte.isdigit():
        return _number(data, at)
    if byte not in _LITERALS:
        raise _wrong(data, at, "looking for beginning of value")
    word = _LITERALS[byte].decode()
    for offset in range(1, len(word)):
        if _at(data, at + offset) != word[offset].encode():
            raise _wrong(data, at + offset, f"in literal {word} (expecting '{word[offset]}')")
    return at + len(word)


def _string(data: bytes, at: int) -> int:
    while True:
        at = _past(_PLAIN, data, at)
        byte = _at(data, at)
        if byte == b'"':
            return at + 1
        if byte != b"\\":
            raise _wrong(data, at, "in string")
        escape = _at(data, at + 1)
        size = 2
        if escape == b"u":
            digits = _past(_HEX, data, at + 2)
            size = 6
            if digits < at + size:
                _at(data, digits)
                raise _bad_escape(data, at, size)
        elif escape not in b'"\\/bfnrt':
            raise _bad_escape(data, at, size)
        at += size


def _bad_escape(data: bytes, at: int, size: int) -> BadSyntax:
    return BadSyntax(f"invalid escape sequence `{data[at : at + size].decode('utf-8', 'replace')}` in string")


def _number(data: bytes, at: int) -> int:
    if data[at : at + 1] == b"-":
        at += 1
    at = at + 1 if data[at : at + 1] == b"0" else _digits(data, at)
    if data[at : at + 1] == b".":
        at = _digits(data, at + 1)
    if data[at : at + 1] in (b"e", b"E"):
        at += 2 if data[at + 1 : at + 2] in (b"+", b"-") else 1
        at = _digits(data, at)
    return at


def _digits(data: bytes, at: int) -> int:
    if not _at(data, at).isdigit():
        raise _wrong(data, at, "in numeric literal")
    return _past(_DIGITS, data, at)


def _next(data: bytes, at: int) -> tuple[int, bytes]:
    """The next byte that is no white space, and where it stands."""
    at = _past(_SPACE, data, at)
    return at, _at(data, at)


def _at(data: bytes, at: int) -> bytes:
    if at >= len(data):
        raise BadSyntax(TRUNCATED)
    return data[at : at + 1]


def _past(pattern: "re.Pattern[bytes]", data: bytes, at: int) -> int:
    found = pattern.match(data, at)
    assert found is not None, "every pattern here matches nothing, too"
    return found.end()


def _quoted(data: bytes, at: int) -> str:
    """The character that begins at a byte, as Go shows it: between single quotes, with Go's escapes."""
    for size in range(1, 5):
        try:
            character = data[at : at + size].decode()
        except UnicodeDecodeError:
            continue
        return f"'{_ESCAPES.get(character) or _escape(character)}'"
    return rf"'\x{data[at]:02x}'"


def _escape(character: str) -> str:
    """Source: the documentation of Go's strconv.QuoteRune."""
    number = ord(character)
    if character.isprintable():
        return character
    if number < 0x80:
        return rf"\x{number:02x}"
    return rf"\u{number:04x}" if number < 0x10000 else rf"\U{number:08x}"
