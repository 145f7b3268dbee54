"""What a registry asks of us in WWW-Authenticate (RFC 9110, 11.6.1; distribution, "Token Authentication"). Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf"({_TOKEN})[ \t]*=[ \t]*(?:\"((?:[^\"\\]|\\.)*)\"|({_TOKEN}))")
_SCHEME = re.compile(rf"({_TOKEN})(?:[ \t]+|$|(?=,))")
_BETWEEN = re.compile(r"[ \t,]*")
_LONGEST = 16 << 10


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to prove who we are. scheme: in lower case ("bearer", "basic"); parameters by lower-case name."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)


def parse(headers: Iterable[str]) -> list[Challenge]:
    """The challenges of all WWW-Authenticate headers of an answer; what can't be read ends its header."""
    found: list[Challenge] = []
    for header in headers:
        found.extend(_parse(header[:_LONGEST]))
    return found


def _parse(text: str) -> list[Challenge]:
    found: list[Challenge] = []
    place = 0
    while True:
        place = _end(_BETWEEN.match(text, place), place)
        parameter = _PARAMETER.match(text, place)
        if parameter is not None and found:
            quoted = parameter[2]
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else parameter[3]
            found[-1].parameters.setdefault(parameter[1].lower(), value)
            place = parameter.end()
            continue
        scheme = _SCHEME.match(text, place)
        if scheme is None or parameter is not None:
            return found
        found.append(Challenge(scheme[1].lower()))
        place = scheme.end()


def _end(match: "re.Match[str] | None", place: int) -> int:
    return match.end() if match is not None else place
