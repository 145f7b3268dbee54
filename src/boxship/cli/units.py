"""Sizes as Docker prints them (docker/go-units). Pure."""


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


def parse_size(text: str) -> int:
    """A size as `human_size` prints it, "1.5GB" by powers of 1000, or with KiB, MiB, GiB, TiB by powers of 1024.

    ValueError for anything else.
    """
    number = text.rstrip("BbIiKkMmGgTt ")
    unit = text[len(number) :].strip().lower().removesuffix("b")
    binary = unit.endswith("i")
    power = ("", "k", "m", "g", "t").index(unit.removesuffix("i"))
    digits = number.replace(".", "", 1)
    if not (digits.isascii() and digits.isdecimal()) or (binary and not power):
        raise ValueError("not a size")
    return int(float(number) * (1024 if binary else 1000) ** power)
