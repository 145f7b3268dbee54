"""Times: nanoseconds since the epoch inside, RFC 3339 outside."""

import time

ZERO = "0001-01-01T00:00:00Z"


def now_ns() -> int:
    """The wall clock in nanoseconds since the epoch."""
    return time.time_ns()


def rfc3339nano(ns: int) -> str:
    """`ns` since the epoch in UTC as Go prints RFC3339Nano: no trailing zeros in the fraction.

    0 stands for "never" and prints Go's zero time.
    """
    if ns == 0:
        return ZERO
    seconds, fraction = divmod(ns, 1_000_000_000)
    head = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    digits = f"{fraction:09d}".rstrip("0")
    return f"{head}.{digits}Z" if digits else f"{head}Z"
