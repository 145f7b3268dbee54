"""Words of Dockerfile instructions: quotes, backslashes and variables (docs.docker.com, Dockerfile reference)."""

import re
from collections.abc import Mapping

from boxship.lib.errors import InvalidParameter

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]|[@*#]")
_BRACED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*|[0-9]+)(?:(:?[-+?])(.*))?", re.DOTALL)


def split(text: str) -> list[str]:
    """Split at blanks, but not inside quotes or behind a backslash; quotes and backslashes stay."""
    words: list[str] = []
    word = ""
    quote = ""
    position = 0
    while position < len(text):
        char = text[position]
        if char == "\\" and quote != "'" and position + 1 < len(text):
            word += text[position : position + 2]
            position += 2
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char.isspace():
            if word:
                words.append(word)
            word = ""
            position += 1
            continue
        word += char
        position += 1
    return [*words, word] if word else words


def expand(word: str, variables: Mapping[str, str]) -> str:
    """The word without its quotes and backslashes, `$x`, `${x}`, `${x:-y}`, `${x:+y}` and `${x:?y}` put in.

    InvalidParameter with Docker's wording for what is left open.
    """
    return _Expansion(word, variables).run()


class _Expansion:
    def __init__(self, word: str, variables: Mapping[str, str]) -> None:
        self.word = word
        self.variables = variables
        self.position = 0

    def run(self) -> str:
        result = ""
        while self.position < len(self.word):
            char = self._take()
            if char == "'":
                result += self._single()
            elif char == '"':
                result += self._double()
            elif char == "$":
                result += self._variable()
            elif char == "\\":
                result += self._take()
            else:
                result += char
        return result

    def _take(self) -> str:
        char = self.word[self.position : self.position + 1]
        self.position += 1
        return char

    def _single(self) -> str:
        end = self.word.find("'", self.position)
        if end < 0:
            raise self._open("single-quote")
        text = self.word[self.position : end]
        self.position = end + 1
        return text

    def _double(self) -> str:
        result = ""
        while self.position < len(self.word):
            char = self._take()
            if char == '"':
                return result
            if char == "$":
                result += self._variable()
            elif char == "\\":
                following = self._take()
                result += following if following in ('"', "$", "\\") else "\\" + following
            else:
                result += char
        raise self._open("double-quote")

    def _variable(self) -> str:
        if self.word[self.position : self.position + 1] == "{":
            return self._braced()
        match = _NAME.match(self.word, self.position)
        if match is None:
            return "$"
        self.position = match.end()
        return self.variables.get(match[0], "")

    def _braced(self) -> str:
        depth = 0
        for end in range(self.position, len(self.word)):
            depth += {"{": 1, "}": -1}.get(self.word[end], 0)
            if depth == 0:
                break
        else:
            raise self._fails("syntax error: missing '}'")
        match = _BRACED.fullmatch(self.word[self.position + 1 : end])
        self.position = end + 1
        if match is None:
            raise self._fails("syntax error: bad substitution")
        name, operator, alternative = match.groups()
        value = self.variables.get(name)
        there = value is not None and (value != "" or ":" not in (operator or ""))
        if not operator:
            return value or ""
        if operator.endswith("?") and not there:
            raise self._fails(f"{name}: {expand(alternative, self.variables) or 'not allowed to be unset'}")
        if operator.endswith("+"):
            return expand(alternative, self.variables) if there else ""
        return (value or "") if there else expand(alternative, self.variables)

    def _open(self, what: str) -> InvalidParameter:
        return self._fails(f"unexpected end of statement while looking for matching {what}")

    def _fails(self, why: str) -> InvalidParameter:
        shown = self.word.replace("\\", "\\\\").replace('"', '\\"')
        return InvalidParameter(f'failed to process "{shown}": {why}')
