"""The one line that a copy shows in a terminal, and what it says at its end."""

import os
import time

from boxship.cli.output import err
from boxship.cli.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_EVERY = 0.075
_HIDE, _SHOW, _AGAIN = "\x1b[?25l", "\x1b[?25h", "\r\x1b[2K"


class Progress:
    """Counts what goes by. header: what the line begins with. quiet: nothing is shown."""

    def __init__(self, header: str, quiet: bool) -> None:
        self.copied = 0
        self._header = header
        self._quiet = quiet
        self._terminal = not quiet and os.isatty(2)
        self._next = time.monotonic() + _EVERY
        self._shown = False

    def count(self, pieces: "Iterator[bytes]") -> "Iterator[bytes]":
        """The same pieces."""
        for piece in pieces:
            self.copied += len(piece)
            if self._terminal and time.monotonic() >= self._next:
                err(f"{'' if self._shown else _HIDE}{_AGAIN}{self._header}{self._size()}")
                self._shown = True
                self._next = time.monotonic() + _EVERY
            yield piece

    def done(self, target: str) -> None:
        """Say what was copied, and where to."""
        self.stop()
        if not self._quiet:
            err(f"Successfully copied {self._size()} to {target}\n")

    def stop(self) -> None:
        """Take the line away."""
        if self._shown:
            err(f"{_AGAIN}{_SHOW}")
            self._shown = False

    def _size(self) -> str:
        return human_size(self.copied, 3)
