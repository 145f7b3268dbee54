"""Query parameters that several verbs share."""

import msgspec

from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.storage.logs.query import parse_time

_LARGEST = (1 << 32) - 1


def filters(request: Request) -> dict[str, list[str]]:
    """The parameter `filters`: `{"label": {"a=b": true}}`, or `{"label": ["a=b"]}` of old clients.

    InvalidParameter "invalid filter".
    """
    text = request.text("filters")
    if not text:
        return {}
    try:
        value = msgspec.json.decode(
            text.encode("utf-8", "surrogateescape"), type=dict[str, dict[str, bool] | list[str]]
        )
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidParameter("invalid filter") from None
    return {
        # What stands behind a value does not matter to Docker.
        key: list(values)
        for key, values in value.items()
    }


def terminal_size(request: Request) -> tuple[int, int]:
    """Height and width in characters, from `h` and `w`. InvalidParameter."""
    return _uint32(request, "h", "height"), _uint32(request, "w", "width")


def _uint32(request: Request, name: str, what: str) -> int:
    text = request.text(name)
    digits = text.removeprefix("-")
    if not digits or not digits.isascii() or not digits.isdecimal():
        raise InvalidParameter(f'invalid resize {what} "{text}": invalid syntax')
    if digits != text or len(digits) > 20 or int(digits) > _LARGEST:
        raise InvalidParameter(f'invalid resize {what} "{text}": value out of range')
    return int(digits)


def timeout(request: Request) -> int | None:
    """The grace period `t` of stop and restart in seconds, None when it is not given."""
    return request.number("t", 0) if request.text("t") else None


def moment_ns(request: Request, name: str) -> int:
    """A time as "seconds[.nanoseconds]", in nanoseconds since the epoch; 0 when it is not given."""
    return parse_time(request.text(name))
