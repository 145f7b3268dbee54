"""Progress that an engine reports as a stream of JSON texts: lines for pipes, lines in place for people."""

import os

from boxship.cli.context import CliError
from boxship.cli.output import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


def show(
    events: "Iterator[Any]",
    fd: int,
    *,
    quiet: bool = False,
    aux: "Callable[[Any], None] | None" = None,
) -> None:
    """Print each report on `fd`. aux: gets what only programs want. CliError for an error in the stream."""
    screen = _Screen(fd) if os.isatty(fd) and not quiet else None
    for event in events:
        if event.get("errorDetail") or event.get("error"):
            detail = event.get("errorDetail") or {}
            raise CliError(detail.get("message") or event["error"])
        if "aux" in event:
            if aux is not None:
                aux(event["aux"])
            continue
        if quiet:
            continue
        if screen is not None:
            screen.show(event)
        elif "stream" in event:
            write(fd, event["stream"].encode())
        elif not event.get("progressDetail"):
            write(fd, f"{_line(event)}\n".encode())


def _line(event: "dict[str, Any]") -> str:
    identifier = event.get("id")
    status = event.get("status", "")
    return f"{identifier}: {status}" if identifier else status


class _Screen:
    """A terminal where each id has a line of its own."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.lines: dict[str, int] = {}

    def show(self, event: "dict[str, Any]") -> None:
        identifier = event.get("id")
        if "stream" in event or not identifier or "status" not in event:
            text = event.get("stream") or f"{_line(event)}\n"
            self.lines.clear()
            write(self.fd, text.encode())
            return
        up = 0
        if identifier in self.lines:
            up = len(self.lines) - self.lines[identifier]
        else:
            self.lines[identifier] = len(self.lines)
            write(self.fd, b"\n")
            up = 1
        text = f"{_line(event)} {self._bar(event)}".rstrip()
        write(self.fd, f"\x1b[{up}A\r\x1b[2K{text}\r\x1b[{up}B".encode())

    def _bar(self, event: "dict[str, Any]") -> str:
        from boxship.cli.terminal import size
        from boxship.cli.units import human_size

        detail = event.get("progressDetail") or {}
        current, total = detail.get("current") or 0, detail.get("total") or 0
        if current <= 0 and total <= 0:
            return ""
        if total <= 0:
            return human_size(current)
        numbers = f"{human_size(min(current, total))}/{human_size(total)}"
        if size(self.fd)[1] <= 110:
            return numbers
        done = min(50, current * 50 // total)
        head = "=" * done + (">" if done < 50 else "")
        return f"[{head.ljust(50)}]  {numbers}"
