"""Times and sizes as Docker prints them (docker/go-units). Pure."""


def human_duration(seconds: float) -> str:
    """ "Less than a second", "42 seconds", "About a minute", … "3 years"."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < 60:
        return f"{whole} seconds"
    minutes = whole // 60
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    hours = int(seconds / 3600 + 0.5)
    if hours == 1:
        return "About an hour"
    if hours < 48:
        return f"{hours} hours"
    if hours < 24 * 7 * 2:
        return f"{hours // 24} days"
    if hours < 24 * 30 * 2:
        return f"{hours // 24 // 7} weeks"
    if hours < 24 * 365 * 2:
        return f"{hours // 24 // 30} months"
    return f"{hours // 24 // 365} years"


def human_size(size: float, precision: int = 4) -> str:
    """Bytes by powers of 1000 with up to `precision` digits: "1.983MB"."""
    return _scaled(size, 1000.0, ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"), precision)


def binary_size(size: float) -> str:
    """Bytes by powers of 1024: "23.54GiB"."""
    return _scaled(size, 1024.0, ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"), 4)


def _scaled(size: float, base: float, units: tuple[str, ...], precision: int) -> str:
    unit = 0
    while size >= base and unit < len(units) - 1:
        size /= base
        unit += 1
    return f"{_general(size, precision)}{units[unit]}"


def _general(value: float, precision: int) -> str:
    # C's %g and Go's agree, but for the exponent's digits, which sizes below 1000 never reach at precision 3 and up.
    return f"{value:.{precision}g}"
