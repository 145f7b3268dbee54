"""Moments as filters take them: a time, or how long ago."""

import re

from boxship.image.config import nanoseconds
from boxship.image.healthcheck import duration
from boxship.lib.errors import InvalidParameter

_SECONDS = re.compile(r"[0-9]+(\.[0-9]{1,9})?")


def parse_moment(text: str, now: int) -> int:
    """Nanoseconds since the epoch: of an RFC 3339 time, of seconds since the epoch, or of a duration before `now`.

    InvalidParameter with Docker's wording.
    """
    if match := _SECONDS.fullmatch(text):
        fraction = (match[1] or ".")[1:]
        return int(text.partition(".")[0]) * 1_000_000_000 + int((fraction + "000000000")[:9])
    for form in (text, f"{text}Z", f"{text}T00:00:00Z", f"{text}:00Z", f"{text}:00:00Z"):
        if moment := nanoseconds(form):
            return moment
    try:
        return now - duration(text)
    except InvalidParameter:
        raise InvalidParameter(f'failed to parse value as time or duration: "{text}"') from None
