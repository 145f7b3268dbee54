"""Values as Go's fmt prints them.

JSON's objects are Go's structs or maps: they print differently. What is known to be a map is a GoMap, every other
object counts as a struct.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from boxship.cli.values import quote, quote_rune


class GoMap(dict[str, Any]):
    """An object that is a map in Docker's types."""


class ImageConfig(dict[str, Any]):
    """An image's config: fields that are empty are there to be asked for, but not in its JSON."""


class NilList(list[Any]):
    """A list that is null in JSON: it prints and counts as an empty one, and is null again as JSON."""


class NilMap(GoMap):
    """A map that is null in JSON, likewise."""


# Fields whose objects are maps in Docker's types.
MAPS = frozenset(
    (
        "Annotations", "Attributes", "Containers", "Data", "Details", "DriverOpts", "ExposedPorts", "IndexConfigs",
        "Labels", "Networks", "Options", "PortBindings", "Ports", "Runtimes", "StorageOpt", "Sysctls", "Tmpfs",
        "Volumes",
    )
)  # fmt: skip
_MOUNT = ("Type", "Name", "Source", "Destination", "Driver", "Mode", "RW", "Propagation")


class Absent:
    """A pointer that JSON leaves out where it is nil."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "<nil>"


class _NoValue:
    """What a missing key of a map gives."""

    def __repr__(self) -> str:
        return "<no value>"


NO_VALUE = _NoValue()


def true(value: Any) -> bool:
    """What `if` and `with` take for true: everything but empty values; a struct always."""
    if isinstance(value, dict) and not isinstance(value, GoMap):
        return True
    return bool(value) and value is not NO_VALUE


def kind_of(value: Any) -> str:
    """The Go type's name, for messages."""
    if value is None or value is NO_VALUE or isinstance(value, Absent):
        return "nil"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float64"
    if isinstance(value, str):
        return "string"
    return "[]interface {}" if isinstance(value, list) else "map[string]interface {}"


def print_value(value: Any) -> str:
    """A value as `%v` prints it."""
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, GoMap):
        return "map[" + " ".join([f"{key}:{_nested(value[key])}" for key in sorted(value)]) + "]"
    if isinstance(value, dict):
        return _struct(value)
    if isinstance(value, list):
        return "[" + " ".join([_nested(item) for item in value]) + "]"
    return str(value)


def _struct(value: dict[str, Any]) -> str:
    if not value:
        return "map[]"  # no struct is empty
    if "Destination" in value and "RW" in value:
        # JSON leaves a mount's empty fields out.
        value = {key: value.get(key, "") for key in _MOUNT}
    return "{" + " ".join([_nested(item, key) for key, item in value.items()]) + "}"


def _nested(value: Any, name: str = "") -> str:
    if value is None:
        return "map[]" if name in MAPS else "[]"
    return print_value(GoMap(value) if name in MAPS and isinstance(value, dict) else value)


def _float(value: float) -> str:
    size = abs(value)
    if value and (size < 1e-4 or size >= 1e21):
        digits, _, exponent = f"{value:e}".partition("e") if "e" not in repr(value) else repr(value).partition("e")
        return f"{digits}e{exponent[0] if exponent[0] in '+-' else '+'}{exponent.lstrip('+-').zfill(2)}"
    text = repr(value)
    return f"{value:.0f}" if "e" in text or text.endswith(".0") else text


def sprint(args: Sequence[Any]) -> str:
    """fmt.Sprint: a blank between two operands of which neither is a string."""
    text = ""
    for at, value in enumerate(args):
        if at and not isinstance(value, str) and not isinstance(args[at - 1], str):
            text += " "
        text += print_value(value)
    return text


def println(args: Sequence[Any]) -> str:
    """fmt.Sprintln."""
    return " ".join([print_value(value) for value in args]) + "\n"


def printf(template: str, args: Sequence[Any]) -> str:
    """fmt.Sprintf, with the verbs that text needs."""
    pieces: list[str] = []
    at = 0
    used = 0
    while True:
        percent = template.find("%", at)
        if percent < 0:
            pieces.append(template[at:])
            break
        pieces.append(template[at:percent])
        at = percent + 1
        flags = ""
        while template[at : at + 1] and template[at] in "+-# 0":
            flags += template[at]
            at += 1
        width, at, used = _measure(template, at, args, used)
        precision = -1
        if template[at : at + 1] == ".":
            precision, at, used = _measure(template, at + 1, args, used)
            precision = max(precision, 0)
        verb = template[at : at + 1]
        at += 1
        if verb == "%":
            pieces.append("%")
        elif not verb:
            pieces.append("%!(NOVERB)")
        elif used >= len(args):
            pieces.append(f"%!{verb}(MISSING)")
        else:
            pieces.append(_pad(_verb(verb, args[used], flags, precision), width, flags, args[used]))
            used += 1
    if used < len(args):
        extra = ", ".join([f"{kind_of(value)}={print_value(value)}" for value in args[used:]])
        pieces.append(f"%!(EXTRA {extra})")
    return "".join(pieces)


def _measure(template: str, at: int, args: Sequence[Any], used: int) -> tuple[int, int, int]:
    """A width or precision, -1 for none: digits, or `*` for the next argument."""
    if template[at : at + 1] == "*":
        value = args[used] if used < len(args) else -1
        return value if isinstance(value, int) else -1, at + 1, used + 1
    start = at
    while template[at : at + 1].isdigit():
        at += 1
    return int(template[start:at]) if at > start else -1, at, used


def _pad(text: str, width: int, flags: str, value: Any) -> str:
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and isinstance(value, (int, float)):
        sign = text[:1] if text[:1] in "+-" else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width)


def _verb(verb: str, value: Any, flags: str, precision: int) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    text: str | None = None
    if verb == "v":
        text = print_value(value)
    elif isinstance(value, list) and verb in "sqdx":
        text = "[" + " ".join([_verb(verb, item, flags, precision) for item in value]) + "]"
    elif isinstance(value, str):
        text = _of_text(verb, value, precision)
    elif verb == "t" and isinstance(value, bool):
        text = print_value(value)
    elif verb == "T":
        text = kind_of(value)
    elif number and isinstance(value, int) and verb in "dxXobcqU":
        text = _of_whole(verb, value)
    elif isinstance(value, float) and verb in "eEfFgG":
        text = f"{value:.{precision if precision >= 0 else 6}{verb}}"
        if verb in "gG" and precision < 0:
            text = _float(value)
    if text is None:
        return f"%!{verb}({kind_of(value)}={print_value(value)})" if value is not None else f"%!{verb}(<nil>)"
    if "+" in flags and number and not text.startswith("-"):
        text = f"+{text}"
    return text


def _of_text(verb: str, value: str, precision: int) -> str | None:
    if verb in "sq" and precision >= 0:
        value = value[:precision]
    if verb == "s":
        return value
    if verb == "q":
        return quote(value)
    if verb in "xX":
        digits = value.encode().hex()
        return digits if verb == "x" else digits.upper()
    return "string" if verb == "T" else None


def _of_whole(verb: str, value: int) -> str:
    if verb == "c":
        return chr(value)
    if verb == "q":
        return quote_rune(chr(value))
    if verb == "U":
        return f"U+{value:04X}"
    return f"{value:{verb}}"
