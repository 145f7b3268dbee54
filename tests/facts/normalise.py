"""What may differ from run to run (ids, times, names, sizes) becomes a word, so that answers compare."""

from __future__ import annotations

import json
import re
from typing import Any

UNITS = "second|minute|hour|day|week|month|year"

TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "ID"),
    (re.compile(r"\b(?=[0-9a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{12}\b"), "SHORTID"),
    (re.compile(r"\b\d{12}\b"), "SHORTID"),
    (re.compile(r"(?!0001-01-01)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4} \S+"), "TIME"),
    (re.compile(rf"(?:Less than a second|About an? (?:minute|hour)|\d+ (?:{UNITS})s?)(?: ago)?"), "AGO"),
    (re.compile(r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b"), "MAC"),
    (re.compile(r"\b172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+\b"), "ADDRESS"),
    (re.compile(r"docker-import-\d+"), "docker-import-NUMBER"),
    (re.compile(r"lowerdir\S+"), "OVERLAY"),
    (re.compile(r" {2,}"), "  "),
    (re.compile(r"([a-z])\1{200,}"), r"<many \1>"),
)

NUMBERS = {
    "Created": "TIME",
    "time": "TIME",
    "timeNano": "TIME",
    "Pid": "PID",
    "SizeRw": "SIZE",
    "SizeRootFs": "SIZE",
}


def text(value: str, names: dict[str, str]) -> str:
    """A text with what varies replaced. names: what this run called things -> the word for it."""
    for name, word in sorted(names.items(), key=lambda pair: -len(pair[0])):
        if name:
            value = value.replace(name, word)
    for pattern, word in TEXT:
        value = pattern.sub(word, value)
    return value


def lines(value: bytes, names: dict[str, str], *, unordered: bool = False) -> list[str]:
    """The lines of an output; the ends of lines are kept where they are not a plain newline."""
    out = [line.rstrip(" ") for line in text(value.decode(errors="backslashreplace"), names).split("\n")]
    if out and out[-1] == "":
        out.pop()
    elif out:
        out[-1] += "<no newline>"
    out = [line.replace("\r", "<cr>") for line in out]
    return sorted(out) if unordered else out


def document(value: Any, names: dict[str, str], key: str = "") -> Any:
    """A JSON document with what varies replaced."""
    if isinstance(value, dict):
        return {text(name, names): document(item, names, name) for name, item in value.items()}
    if isinstance(value, list):
        return [document(item, names) for item in value]
    if isinstance(value, str):
        return text(value, names)
    if key in NUMBERS and isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return NUMBERS[key]
    return value


def output(value: bytes, names: dict[str, str], *, unordered: bool = False) -> Any:
    """An output: a JSON document where it is an object or a list, else its lines."""
    if value[:1] in (b"{", b"["):
        try:
            return document(json.loads(value), names)
        except ValueError:
            pass
    return lines(value, names, unordered=unordered)


def schema(value: Any) -> Any:
    """The shape of a document: keys and kinds of values, for answers that describe the machine."""
    if isinstance(value, dict):
        return {key: schema(item) for key, item in value.items()}
    if isinstance(value, list):
        return [schema(value[0])] if value else []
    return type(value).__name__
