"""Signals as Docker's API writes them: `9`, `KILL`, `SIGKILL`, `RTMIN+3`, in any case."""

import signal

from boxship.lib.errors import InvalidParameter

# glibc keeps 32 and 33 for itself (signal(7)); Docker counts the real-time signals from 34 as well.
_RTMIN, _RTMAX = 34, 64

_NUMBERS: dict[str, int] = {
    name.removeprefix("SIG"): number.value
    for name, number in signal.Signals.__members__.items()
    if name not in ("SIGRTMIN", "SIGRTMAX")
}
_NUMBERS["RTMIN"], _NUMBERS["RTMAX"] = _RTMIN, _RTMAX
_NUMBERS |= {f"RTMIN+{n}": _RTMIN + n for n in range(1, 16)}
_NUMBERS |= {f"RTMAX-{n}": _RTMAX - n for n in range(1, 15)}


def parse_signal(text: str) -> int:
    """The number of a signal. InvalidParameter "invalid signal: FOO"; any number but 0 passes, see `is_supported`."""
    try:
        number = int(text)
    except ValueError:
        number = _NUMBERS.get(text.upper().removeprefix("SIG"), 0)
    if number == 0:
        raise InvalidParameter(f"invalid signal: {text}")
    return number


def is_supported(number: int) -> bool:
    """Whether Linux has the signal."""
    return 1 <= number <= 31 or _RTMIN <= number <= _RTMAX
