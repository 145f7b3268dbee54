"""Times as people give them to --since and --until, as the API takes them: seconds and nanoseconds since the epoch.

Durations count back from now; dates without a zone are local time (docker/docs, "docker logs").
"""

import time

from boxship.cli.values import duration

_NS = 1_000_000_000


def for_api(text: str, now_ns: int | None = None) -> str:
    """`seconds` or `seconds.nanoseconds`. ValueError with Docker's words where it is no time."""
    now_ns = time.time_ns() if now_ns is None else now_ns
    if text != "0":  # the epoch, not now
        try:
            return str((now_ns - duration(text)) // _NS)
        except ValueError:
            pass
    whole, dot, fraction = text.partition(".")
    if whole.removeprefix("-").isdigit() and (not dot or fraction.isdigit()):
        return text
    parsed = parse_date(text)
    if parsed is None:
        raise ValueError(f'failed to parse value as time or duration: "{text}"')
    seconds, nanoseconds = parsed
    return f"{seconds}.{nanoseconds:09d}"


def parse_date(text: str) -> tuple[int, int] | None:
    """RFC 3339 and what is shorter: seconds since the epoch and nanoseconds, None for what is none."""
    day, separator, clock = text.partition("T")
    zone = 0
    local = True
    if clock.endswith("Z") or (not separator and day.endswith("Z")):
        clock, day, local = clock.removesuffix("Z"), day.removesuffix("Z"), False
    elif clock.count("-") == 1 or "+" in clock:
        sign = "+" if "+" in clock else "-"
        clock, _, offset = clock.partition(sign)
        hours, _, minutes = offset.partition(":")
        if not (hours.isdigit() and minutes.isdigit()):
            return None
        zone = (int(hours) * 3600 + int(minutes) * 60) * (1 if sign == "+" else -1)
        local = False
    fields = day.split("-")
    clock, _, fraction = clock.partition(".")
    parts = clock.split(":") if clock else []
    if len(fields) != 3 or len(parts) > 3 or (separator and not parts) or (fraction and len(parts) != 3):
        return None
    if not all(field.isdigit() for field in [*fields, *parts, *([fraction] if fraction else [])]):
        return None
    year, month, date = map(int, fields)
    hour, minute, second = [*map(int, parts), 0, 0, 0][:3]
    import calendar
    import datetime

    try:
        moment = datetime.datetime(year, month, date, hour, minute, second)
    except ValueError:
        return None
    seconds = int(time.mktime(moment.timetuple())) if local else calendar.timegm(moment.timetuple()) - zone
    return seconds, int(fraction[:9].ljust(9, "0")) if fraction else 0


def rfc3339_local(time_ns: int) -> str:
    """Nanoseconds since the epoch as RFC 3339 with all nine digits, in the local zone."""
    seconds, nanoseconds = divmod(time_ns, _NS)
    local = time.localtime(seconds)
    offset = local.tm_gmtoff // 60
    hours, minutes = divmod(abs(offset), 60)
    zone = f"{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}" if offset else "Z"
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}.{nanoseconds:09d}{zone}"
