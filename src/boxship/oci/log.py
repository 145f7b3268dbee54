"""Where messages go: standard error, and the file that `--log` names, as runc writes it (podman parses that)."""

from __future__ import annotations

import os
import time

from boxship.lib.plainjson import encode


class Log:
    """path: "" for standard error; kind: "text" or "json"; debug: whether debug messages are written."""

    def __init__(self, path: str, kind: str, *, debug: bool) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644) if path else 2
        self._json = kind == "json"
        self._debug = debug

    def error(self, message: str) -> None:
        self._write("error", message)
        if self._fd != 2:
            # Callers without a look at the log show what they find here.
            os.write(2, f"{message}\n".encode("utf-8", "replace"))

    def warning(self, message: str) -> None:
        self._write("warning", message)

    def debug(self, message: str) -> None:
        if self._debug:
            self._write("debug", message)

    def _write(self, level: str, message: str) -> None:
        now = timestamp(time.time_ns())
        if self._json:
            line = encode({"level": level, "msg": message, "time": now}) + b"\n"
        elif self._fd == 2:
            line = f"{'' if level == 'error' else level + ': '}{message}\n".encode("utf-8", "replace")
        else:
            quoted = encode(message).decode()
            line = f'time="{now}" level={level} msg={quoted}\n'.encode()
        os.write(self._fd, line)


def timestamp(when_ns: int) -> str:
    """RFC 3339 in UTC, with nanoseconds."""
    seconds, rest = divmod(when_ns, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09d}Z"
