"""How long to try, and what a registry says about its limits."""

import time
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is made at most, how long the first pause is (s, doubled each time, with chance in it),
    and the longest pause that a registry's Retry-After may ask for (s).
    """

    attempts: int = 5
    delay: float = 0.5
    longest: float = 60.0

    def pause(self, attempt: int, asked: float | None) -> float | None:
        """Seconds to wait after attempt number `attempt` (from 1) has failed; None to give up."""
        if attempt >= self.attempts or (asked is not None and asked > self.longest):
            return None
        import random

        grown = self.delay * float(1 << (attempt - 1))
        return max(asked or 0.0, grown * random.uniform(0.5, 1.0))


PATIENT = Patience()


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Pulls that are left, of how many, in how many seconds (Docker Hub's `RateLimit-…` headers)."""

    remaining: int
    limit: int
    window: int

    def __str__(self) -> str:
        return f"{self.remaining} of {self.limit} left"


def rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """What an answer says of the limit: `RateLimit-Limit: 100;w=21600`, `RateLimit-Remaining: 76;w=21600`."""
    limit, window = _number(headers.get("ratelimit-limit", ""))
    remaining, _ = _number(headers.get("ratelimit-remaining", ""))
    if limit is None or remaining is None:
        return None
    return RateLimit(remaining, limit, window)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait: Retry-After (RFC 9110, 10.2.3), a number or a date."""
    text = headers.get("retry-after", "").strip()
    if text.isdigit() and len(text) < 10:
        seconds = float(text)
        # Docker Hub has been seen to send the moment itself, in seconds since the epoch.
        return max(0.0, seconds - time.time()) if seconds > 1e9 else seconds
    if text:
        from email.utils import parsedate_to_datetime

        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
        except (ValueError, OverflowError):
            pass
    return None


def _number(text: str) -> tuple[int | None, int]:
    first, _, rest = text.partition(";")
    window = rest.strip().removeprefix("w=")
    number = first.strip()
    return (
        int(number) if number.isdigit() and len(number) < 16 else None,
        int(window) if window.isdigit() and len(window) < 16 else 0,
    )
