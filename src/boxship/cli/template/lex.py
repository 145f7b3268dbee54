"""A template's text as tokens."""

from __future__ import annotations

from dataclasses import dataclass

from boxship.cli.template.nodes import TemplateError
from boxship.cli.values import quote, quote_rune

LEFT, RIGHT = "{{", "}}"
SPACE = " \t\r\n"
_CLOSERS = SPACE + ".,|:=)("


@dataclass(frozen=True, slots=True)
class Token:
    """kind: "text", "left", "right", "space", "field", "variable", "word", "string", "raw", "char", "number",
    "end", "odd" for what has no place in an action, or the sign itself. at: the offset in the template."""

    kind: str
    text: str
    at: int


def failure(source: str, at: int, message: str) -> TemplateError:
    """An error at a place in the template."""
    return TemplateError(f"template: :{source.count(chr(10), 0, at) + 1}: {message}")


def lex(source: str) -> list[Token]:
    """The tokens of a template; the last one's kind is "end". TemplateError."""
    tokens: list[Token] = []
    at = 0
    trim = False
    while True:
        start = source.find(LEFT, at)
        text = source[at:] if start < 0 else source[at:start]
        begin = at
        if trim:
            text = text.lstrip(SPACE)
            begin += len(source[at : start if start >= 0 else None]) - len(text)
        if start >= 0 and source.startswith("{{-", start) and source[start + 3 : start + 4] in tuple(SPACE):
            text = text.rstrip(SPACE)
        if text:
            tokens.append(Token("text", text, begin))
        if start < 0:
            tokens.append(Token("end", "", len(source)))
            return tokens
        at, trim = _action(source, start, tokens)


def _action(source: str, start: int, tokens: list[Token]) -> tuple[int, bool]:
    """Lex one action; where the text goes on, and whether its blanks are trimmed."""
    at = start + 2
    if source[at : at + 1] == "-" and source[at + 1 : at + 2] in tuple(SPACE):
        at += 2
    if source.startswith("/*", at):
        return _comment(source, at)
    tokens.append(Token("left", LEFT, start))
    depth = 0
    while True:
        if source.startswith(RIGHT, at) or _trims(source, at):
            trim = _trims(source, at)
            if depth:
                raise failure(source, at, "unclosed left paren")
            end = source.index(RIGHT, at)
            tokens.append(Token("right", RIGHT, end))
            return end + 2, trim
        if at >= len(source):
            raise failure(source, at, "unclosed action")
        token = _token(source, at)
        depth += (token.kind == "(") - (token.kind == ")")
        if depth < 0:
            raise failure(source, at, "unexpected right paren")
        tokens.append(token)
        at += len(token.text)


def _trims(source: str, at: int) -> bool:
    return source[at : at + 1] in tuple(SPACE) and source.startswith("-}}", at + 1)


def _comment(source: str, at: int) -> tuple[int, bool]:
    end = source.find("*/", at)
    if end < 0:
        raise failure(source, at, "unclosed comment")
    end += 2
    trim = _trims(source, end)
    if trim:
        end += 2
    if not source.startswith(RIGHT, end):
        raise failure(source, at, "comment ends before closing delimiter")
    return end + 2, trim


def _token(source: str, at: int) -> Token:
    sign = source[at]
    if sign in SPACE:
        end = at
        while source[end : end + 1] in tuple(SPACE) and not _trims(source, end):
            end += 1
        return Token("space", source[at:end], at)
    if sign == '"':
        return _quoted(source, at, '"', "string", "unterminated quoted string")
    if sign == "'":
        return _quoted(source, at, "'", "char", "unterminated character constant")
    if sign == "`":
        end = source.find("`", at + 1)
        if end < 0:
            raise failure(source, at, "unterminated raw quoted string")
        return Token("raw", source[at : end + 1], at)
    if source.startswith(":=", at):
        return Token(":=", ":=", at)
    following = source[at + 1 : at + 2]
    if sign == "." and not following.isdigit():
        return _named(source, at, "field" if _wordy(following) else ".")
    if sign == "$":
        return _named(source, at, "variable")
    if sign.isdigit() or (sign in "+-." and (following.isdigit() or following == ".")):
        end = at + 1
        while (
            source[end : end + 1].isalnum()
            or source[end : end + 1] in (".", "_")
            or (source[end : end + 1] in ("+", "-") and source[end - 1] in "eEpP")
        ):
            end += 1
        return Token("number", source[at:end], at)
    if _wordy(sign):
        return _named(source, at, "word")
    if sign in "()|=,":
        return Token(sign, sign, at)
    if sign == ":":
        raise failure(source, at, "expected :=")
    return Token("odd", sign, at)


def _wordy(character: str) -> bool:
    return character == "_" or character.isalnum()


def _named(source: str, at: int, kind: str) -> Token:
    end = at + 1
    while _wordy(source[end : end + 1]):
        end += 1
    following = source[end : end + 1]
    if following and following not in _CLOSERS and not source.startswith(RIGHT, end) and kind != ".":
        raise failure(source, at, f"bad character U+{ord(following):04X} {quote_rune(following)}")
    return Token(kind, source[at:end], at)


def _quoted(source: str, at: int, mark: str, kind: str, message: str) -> Token:
    end = at + 1
    while True:
        character = source[end : end + 1]
        if not character or character == "\n":
            raise failure(source, at, message)
        if character == "\\":
            end += 2
            continue
        end += 1
        if character == mark:
            return Token(kind, source[at:end], at)


def unquote(token: Token, source: str) -> str:
    """The value of a string, raw string or character token (Go's strconv.Unquote). TemplateError."""
    body = token.text[1:-1]
    if token.kind == "raw":
        return body
    pieces: list[str] = []
    at = 0
    simple = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\"}
    simple |= {"'": "'", '"': '"'}
    try:
        while at < len(body):
            character = body[at]
            at += 1
            if character != "\\":
                pieces.append(character)
                continue
            code = body[at]
            at += 1
            if code in simple:
                pieces.append(simple[code])
            elif code in "xuU":
                width = {"x": 2, "u": 4, "U": 8}[code]
                pieces.append(chr(int(body[at : at + width], 16)))
                at += width
            else:
                pieces.append(chr(int(body[at - 1 : at + 2], 8)))
                at += 2
    except (IndexError, ValueError):
        raise failure(source, token.at, f"unable to parse: {quote(token.text)}: invalid syntax") from None
    return "".join(pieces)
