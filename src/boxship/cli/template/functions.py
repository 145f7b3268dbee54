"""The functions that templates call: Go's built-in ones and the docker CLI's.

Each takes its arguments in a list and raises ValueError with Go's words. `and`, `or` and `call` are the
executor's, since they need more than values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from boxship.cli.template.printing import (
    NO_VALUE,
    Absent,
    GoMap,
    ImageConfig,
    NilList,
    NilMap,
    kind_of,
    print_value,
    printf,
    println,
    sprint,
    true,
)
from boxship.client.json import compact, marshal

Args = Sequence[Any]

_COMPARABLE = (bool, int, float, str)


def _json(args: Args) -> str:
    value = args[0]
    if hasattr(value, "as_json"):  # a row, whose JSON Docker's formatter makes, with HTML's characters escaped
        return marshal(value.as_json)
    if value is NO_VALUE or isinstance(value, (Absent, NilList, NilMap)):
        return "null"
    if isinstance(value, ImageConfig):
        value = {key: item for key, item in value.items() if item}
    return compact(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"wrong type for value; expected string; got {kind_of(value)}")
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"wrong type for value; expected int; got {kind_of(value)}")
    return value


def _join(args: Args) -> str:
    items = args[0]
    if not isinstance(items, list):
        raise ValueError(f"wrong type for value; expected []string; got {kind_of(items)}")
    return _text(args[1]).join(print_value(item) for item in items)


def _split(args: Args) -> list[str]:
    text, mark = _text(args[0]), _text(args[1])
    return text.split(mark) if mark else list(text)


def _title(args: Args) -> str:
    text = _text(args[0])
    following = (before in " \t\n" for before in " " + text)
    return "".join(letter.upper() if first else letter for letter, first in zip(text, following, strict=False))


def _pad(args: Args) -> str:
    text = _text(args[0])
    return " " * _count(args[1]) + text + " " * _count(args[2]) if text else text


def _truncate(args: Args) -> str:
    return _text(args[0])[: _count(args[1])]


def _length(args: Args) -> int:
    value = args[0]
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, (list, dict)):
        return len(value)
    raise ValueError(f"len of {'nil pointer' if value is None else f'type {kind_of(value)}'}")


def _index(args: Args) -> Any:
    value = args[0]
    if value is None or value is NO_VALUE:
        raise ValueError("index of untyped nil")
    for key in args[1:]:
        if isinstance(value, dict):
            # A missing key gives the zero value of the map's values: of text, here, in all of Docker's maps.
            value = value.get(key, "" if isinstance(value, GoMap) else None)
        elif isinstance(value, (list, str)):
            at = _count(key)
            if not 0 <= at < len(value):
                raise ValueError(f"index out of range: {at}")
            value = value[at] if isinstance(value, list) else value.encode()[at]
        elif value is None:
            raise ValueError("index of nil pointer")
        else:
            raise ValueError(f"can't index item of type {kind_of(value)}")
    return value


def _slice(args: Args) -> Any:
    value = args[0]
    if not isinstance(value, (list, str)):
        raise ValueError(f"can't slice item of type {kind_of(value)}")
    bounds = [_count(bound) for bound in args[1:]]
    for bound in bounds:
        if not 0 <= bound <= len(value):
            raise ValueError(f"index out of range: {bound}")
    if len(bounds) > 1 and bounds[0] > bounds[1]:
        raise ValueError(f"invalid slice index: {bounds[0]} > {bounds[1]}")
    return value[bounds[0] : bounds[1] if len(bounds) > 1 else None] if bounds else value


def _same_kind(left: Any, right: Any) -> None:
    for value in (left, right):
        if value is not None and not isinstance(value, _COMPARABLE):
            raise ValueError(f"non-comparable type {print_value(value)}: {kind_of(value)}")
    if left is not None and right is not None and kind_of(left) != kind_of(right):
        raise ValueError(f"incompatible types for comparison: {kind_of(left)} and {kind_of(right)}")


def _equal(args: Args) -> bool:
    if len(args) < 2:
        raise ValueError("missing argument for comparison")
    first = None if args[0] is NO_VALUE else args[0]
    for other in args[1:]:
        value = None if other is NO_VALUE else other
        _same_kind(first, value)
        if first == value:
            return True
    return False


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Args], bool]:
    def compared(args: Args) -> bool:
        left, right = args
        if not isinstance(left, (int, float, str)) or isinstance(left, bool):
            raise ValueError("invalid type for comparison")
        _same_kind(left, right)
        return test(left, right)

    return compared


def _html(args: Args) -> str:
    text = sprint(args)
    for mark, entity in (("&", "&amp;"), ("'", "&#39;"), ('"', "&#34;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(mark, entity)
    return text


def _javascript(args: Args) -> str:
    text = sprint(args).replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')
    for mark in "<>&=":
        text = text.replace(mark, f"\\u{ord(mark):04X}")
    return text.replace("\n", "\\u000A").replace("\r", "\\u000D").replace("\t", "\\u0009")


# name -> (the function, the fewest arguments, the most; -1 for any number)
FUNCTIONS: dict[str, tuple[Callable[[Args], Any], int, int]] = {
    "eq": (_equal, 1, -1),
    "ge": (_compare(lambda left, right: left >= right), 2, 2),
    "gt": (_compare(lambda left, right: left > right), 2, 2),
    "html": (_html, 0, -1),
    "index": (_index, 1, -1),
    "join": (_join, 2, 2),
    "js": (_javascript, 0, -1),
    "json": (_json, 1, 1),
    "le": (_compare(lambda left, right: left <= right), 2, 2),
    "len": (_length, 1, 1),
    "lower": (lambda args: _text(args[0]).lower(), 1, 1),
    "lt": (_compare(lambda left, right: left < right), 2, 2),
    "ne": (lambda args: not _equal(args), 2, 2),
    "not": (lambda args: not true(args[0]), 1, 1),
    "pad": (_pad, 3, 3),
    "print": (sprint, 0, -1),
    "printf": (lambda args: printf(_text(args[0]), args[1:]), 1, -1),
    "println": (println, 0, -1),
    "slice": (_slice, 1, 4),
    "split": (_split, 2, 2),
    "title": (_title, 1, 1),
    "truncate": (_truncate, 2, 2),
    "upper": (lambda args: _text(args[0]).upper(), 1, 1),
}

# The executor's own.
SPECIAL = ("and", "call", "or")
NAMES = frozenset((*FUNCTIONS, *SPECIAL))
