"""What is asked of a log, and what it gives."""

from __future__ import annotations

import msgspec

from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.lib.logframe import STDERR, STDOUT


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines to give. Times in nanoseconds since the epoch, 0 for no limit; both limits are inclusive.

    tail: the last lines only, of those that the other conditions let through; None for all.
    """

    stdout: bool = True
    stderr: bool = True
    since_ns: int = 0
    until_ns: int = 0
    tail: int | None = None
    follow: bool = False
    timestamps: bool = False
    details: bool = False

    def streams(self) -> tuple[int, ...]:
        """The numbers of the streams that are wanted."""
        return ((STDOUT,) if self.stdout else ()) + ((STDERR,) if self.stderr else ())


class LogChunk(msgspec.Struct, frozen=True, gc=False):
    """Lines of one stream that ended at one time.

    data: whole lines, their line feeds included. continued: its first byte is not the first of its line.
    partial: its last line has no line feed (yet).
    """

    time_ns: int
    stream: int
    data: bytes
    continued: bool = False
    partial: bool = False

    def line_count(self) -> int:
        """How many lines end here; the end of a partial one is elsewhere."""
        return self.data.count(b"\n")


def parse_time(text: str) -> int:
    """Nanoseconds from the API's "seconds[.nanoseconds]"; 0 for "" and "0".

    Docker answers 500 with the text of Go's strconv for what is no number; so does this (BoxshipError).
    """
    if not text or text == "0":
        return 0
    seconds, dot, fraction = text.partition(".")
    try:
        whole = _integer(seconds)
        if not dot:
            return whole * 1_000_000_000
        # "1.5" is half a second more, also when seconds is negative.
        return whole * 1_000_000_000 + _integer(f"{fraction:0<9}"[:9])
    except ValueError as error:
        raise BoxshipError(str(error)) from None


def parse_tail(text: str) -> int | None:
    """The number of lines; all of them (None) for "all", for "" and, as in Docker, for what is no number ≥
    0.
    """
    try:
        count = int(text)
    except ValueError:
        return None
    return count if count >= 0 else None


def require_streams(query: LogQuery) -> None:
    """InvalidParameter when neither stream is asked for."""
    if not query.streams():
        raise InvalidParameter("Bad parameters: you must choose at least one stream")


def _integer(text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits.isascii() or not digits.isdigit():
        raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)
