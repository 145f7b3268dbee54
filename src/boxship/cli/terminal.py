"""The person's terminal: its size, raw mode, and giving it back as it was."""

import fcntl
import os
import termios

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

_WINSIZE = 8  # struct winsize: four unsigned shorts


def size(fd: int) -> tuple[int, int]:
    """Rows and columns; (0, 0) where the descriptor is no terminal (tty_ioctl(2), TIOCGWINSZ)."""
    try:
        data = fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(_WINSIZE))
    except OSError:
        return 0, 0
    from sys import byteorder

    return int.from_bytes(data[:2], byteorder), int.from_bytes(data[2:4], byteorder)


class Raw:
    """A terminal in raw mode (cfmakeraw(3)) while the `with` lasts; a descriptor that is none is left alone."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.before: list[Any] | None = None

    def __enter__(self) -> "Raw":
        if not os.isatty(self.fd):
            return self
        self.before = termios.tcgetattr(self.fd)
        mode = list(self.before)
        mode[0] &= ~(
            termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP
            | termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON
        )  # fmt: skip
        mode[1] &= ~termios.OPOST
        mode[2] = mode[2] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
        mode[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
        mode[6] = list(mode[6])
        mode[6][termios.VMIN] = 1
        mode[6][termios.VTIME] = 0
        termios.tcsetattr(self.fd, termios.TCSANOW, mode)
        return self

    def __exit__(
        self, kind: "type[BaseException] | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> None:
        self.restore()

    def restore(self) -> None:
        """Give the terminal back; again is no harm."""
        before, self.before = self.before, None
        if before is not None:
            try:
                termios.tcsetattr(self.fd, termios.TCSANOW, before)
            except (OSError, termios.error):
                pass
