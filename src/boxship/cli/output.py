"""Writing to people and pipes: whole writes, and tables aligned as Go's text/tabwriter aligns Docker's."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MINIMUM = 10
PADDING = 3


class ReaderGone(Exception):
    """Nobody reads our standard output any more."""


def write(fd: int, data: bytes) -> None:
    """Write all of `data`. ReaderGone on a broken pipe."""
    try:
        written = os.write(fd, data)
        while written < len(data):
            data = data[written:]
            written = os.write(fd, data)
    except BrokenPipeError:
        raise ReaderGone from None


def out(text: str) -> None:
    """Write text to standard output."""
    write(1, text.encode("utf-8", "surrogateescape"))


def err(text: str) -> None:
    """Write text to standard error; where nobody reads it, it is lost."""
    try:
        write(2, text.encode("utf-8", "surrogateescape"))
    except (ReaderGone, OSError):
        pass


def table(rows: "Sequence[Sequence[str]]", *, minimum: int = MINIMUM, padding: int = PADDING) -> str:
    """Rows of cells of equal number as lines; the last cell of a row is not padded."""
    if not rows:
        return ""
    widths = [max(minimum, max(map(len, column)) + padding) for column in list(zip(*rows, strict=True))[:-1]]
    lines = ["".join([cell.ljust(width) for cell, width in zip(row, widths, strict=False)]) + row[-1] for row in rows]
    return "\n".join(lines) + "\n"


def align(text: str, *, minimum: int = MINIMUM, padding: int = PADDING) -> str:
    """Lines with cells that end in tabs, aligned: a column is a run of lines that all have that cell.

    Source: Go's text/tabwriter, "Elastic tabstops".
    """
    lines = [line.split("\t") for line in text.split("\n")]
    widths: list[list[int]] = [[] for _ in lines]
    _measure(lines, widths, 0, len(lines), 0, minimum, padding)
    return "\n".join(
        [
            "".join([cell.ljust(width) for cell, width in zip(line, width_of, strict=False)]) + line[-1]
            for line, width_of in zip(lines, widths, strict=True)
        ]
    )


def _measure(
    lines: list[list[str]], widths: list[list[int]], start: int, end: int, column: int, minimum: int, padding: int
) -> None:
    at = start
    while at < end:
        if len(lines[at]) - 1 <= column:
            at += 1
            continue
        first = at
        width = minimum
        while at < end and len(lines[at]) - 1 > column:
            width = max(width, len(lines[at][column]) + padding)
            at += 1
        for line in range(first, at):
            widths[line].append(width)
        _measure(lines, widths, first, at, column + 1, minimum, padding)
