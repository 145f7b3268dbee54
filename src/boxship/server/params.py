"""Query parameters that several verbs share."""

import msgspec

from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.model.platform import Platform
from boxship.server.decode import build, parse_json
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


def platform_list(request: Request, name: str) -> list[Platform]:
    """Platforms as the API takes them: `{"os": "linux", "architecture": "arm64"}`, repeated. InvalidParameter."""
    return [_platform(text) for text in request.query.get(name, []) if text]


def one_platform(request: Request, name: str = "platform") -> Platform | None:
    """The one platform that is asked for, None for none. InvalidParameter."""
    found = platform_list(request, name)
    return found[0] if found else None


class _Fields(msgspec.Struct):
    """A platform as JSON has it."""

    os: str = ""
    architecture: str = ""
    variant: str = ""


def _platform(text: str) -> Platform:
    try:
        value = parse_json(text.encode("utf-8", "surrogateescape"))
        fields = build(_Fields, value, "v1.Platform", "Platform")
    except InvalidParameter as error:
        reason = error.message.removeprefix("invalid JSON: ")
        raise InvalidParameter(f"failed to parse platform: {reason}") from None
    if not fields.os or not fields.architecture:
        raise InvalidParameter("both OS and Architecture must be provided")
    return Platform(fields.os, fields.architecture, fields.variant)
