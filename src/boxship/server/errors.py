"""Which HTTP status an error has. Nothing else decides it."""

from boxship.http.request import BodyTooLarge
from boxship.lib.errors import (
    BoxshipError,
    Conflict,
    Forbidden,
    InvalidParameter,
    NotFound,
    NotModified,
    Throttled,
    Unauthorized,
    Unavailable,
    Unsupported,
)

_STATUS: tuple[tuple[type[BoxshipError], int], ...] = (
    (InvalidParameter, 400),
    (Unauthorized, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (NotModified, 304),
    (Throttled, 429),
    (Unavailable, 503),
    (Unsupported, 501),
    (BodyTooLarge, 413),
)


def status_of(error: BoxshipError) -> int:
    """The HTTP status of an error; 500 for what no class speaks for."""
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return 500
