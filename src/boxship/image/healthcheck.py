"""The HEALTHCHECK instruction (docs.docker.com, Dockerfile reference)."""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from boxship.lib.errors import InvalidParameter

_FLAG = re.compile(r"--([a-z-]+)(=?)(\S*)\s*")
_TIMES = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start-period": "StartPeriod",
    "start-interval": "StartInterval",
}
_SHORTEST_NS = 1_000_000
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)")


def healthcheck(text: str, exec_form: Callable[[str], list[str] | None]) -> dict[str, Any]:
    """The Healthcheck of an image config; times in nanoseconds. exec_form: reads a JSON array, None for none.

    InvalidParameter with Docker's wording.
    """
    result: dict[str, Any] = {}
    while match := _FLAG.match(text):
        name, equals, value = match.groups()
        if name not in _TIMES and name != "retries":
            raise InvalidParameter(f"unknown flag: --{name}")
        if not equals:
            raise InvalidParameter(f"missing a value on flag: --{name}")
        if name == "retries":
            result["Retries"] = _retries(value)
        else:
            result[_TIMES[name]] = _time(name, value)
        text = text[match.end() :]
    kind, _, command = text.partition(" ")
    kind, command = kind.upper(), command.strip()
    if kind == "NONE":
        if command:
            raise InvalidParameter("HEALTHCHECK NONE takes no arguments")
        return {"Test": ["NONE"]}
    if kind != "CMD":
        raise InvalidParameter(f'Unknown type "{kind}" in HEALTHCHECK (try CMD)')
    if not command:
        raise InvalidParameter("Missing command after HEALTHCHECK CMD")
    words = exec_form(command)
    test = ["CMD-SHELL", command] if words is None else ["CMD", *words]
    return {"Test": test, **{key: value for key, value in result.items() if value}}


def duration(text: str) -> int:
    """A duration as Go writes it (`1m30s`, `-1.5h`, `0`) in nanoseconds. InvalidParameter for anything else."""
    digits = text.removeprefix("-").removeprefix("+")
    if digits == "0":
        return 0
    parts = _PART.findall(digits)
    if not parts or "".join(number + unit for number, unit in parts) != digits:
        raise InvalidParameter(f'time: invalid duration "{text}"')
    total = int(sum(Fraction(number.rstrip(".")) * _UNITS[unit] for number, unit in parts))
    return -total if text.startswith("-") else total


def _time(name: str, text: str) -> int:
    value = duration(text)
    if 0 < value < _SHORTEST_NS or value < 0:
        raise InvalidParameter(f'Interval "{name}" cannot be less than 1ms')
    return value


def _retries(text: str) -> int:
    if not text.removeprefix("-").isdigit():
        raise InvalidParameter(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if int(text) < 0:
        raise InvalidParameter(f"--retries cannot be negative ({text})")
    return int(text)
