"""The failure of one step, as the child reports it to the monitor and the monitor to the daemon."""

from __future__ import annotations


class Failed(Exception):
    """step: its name; code: the errno, 0 for none; path: what it worked on; message: the whole sentence."""

    def __init__(self, step: str, code: int, path: str, message: str) -> None:
        super().__init__(message)
        self.report = {"step": step, "errno": code, "path": path, "message": message}
