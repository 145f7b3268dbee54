"""A program in a real pseudo-terminal: keys in, screen out."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence

PATIENCE = 30.0


class Terminal:
    """One program on a pty of its own. Everything it prints is kept in `screen`."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, rows: int = 24, columns: int = 80
    ) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(command[0], list(command), dict(environment))
            finally:
                os._exit(127)
        self.command = " ".join(command)
        self.screen = b""
        self.seen = 0
        self.status: int | None = None
        self.resize(rows, columns)

    def resize(self, rows: int, columns: int) -> None:
        """Change the window, as a person does; the kernel sends SIGWINCH."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, keys: str | bytes) -> None:
        """Type."""
        data = keys.encode() if isinstance(keys, str) else keys
        while data:
            data = data[os.write(self.fd, data) :]

    def expect(self, pattern: str, patience: float = PATIENCE) -> str:
        """Wait until a pattern stands in what came since the last match; the text up to its end."""
        compiled = re.compile(pattern.encode())
        deadline = time.monotonic() + patience
        while True:
            match = compiled.search(self.screen, self.seen)
            if match:
                text = self.screen[self.seen : match.end()]
                self.seen = match.end()
                return text.decode(errors="replace")
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"{self.command}: no {pattern!r} in {self.screen[self.seen :]!r}")

    def wait(self, patience: float = PATIENCE) -> int:
        """Wait for the program's end; its exit code, or the signal's number negated."""
        deadline = time.monotonic() + patience
        while self._read(deadline - time.monotonic()):
            pass
        while self.status is None and time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            else:
                time.sleep(0.01)
        assert self.status is not None, f"{self.command} does not end; it printed {self.screen!r}"
        return self.status

    def close(self) -> None:
        """End the program and let go of the terminal."""
        if self.status is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                _, status = os.waitpid(self.pid, 0)
                self.status = os.waitstatus_to_exitcode(status)
            except (ProcessLookupError, ChildProcessError):
                self.status = -9
        os.close(self.fd)

    def _read(self, within: float) -> bool:
        """Read a piece; False at the end of the output or of the time."""
        if within <= 0:
            return False
        ready, _, _ = select.select([self.fd], [], [], within)
        if not ready:
            return False
        try:
            piece = os.read(self.fd, 65536)
        except OSError:  # EIO: the last one on the other side has gone
            return False
        self.screen += piece
        return bool(piece)
