"""The failure of one step, as the child reports it to the monitor and the monitor to the daemon."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Failed(Exception):
    """step: its name; code: the errno, 0 for none; path: what it worked on; message: the whole sentence."""

    def __init__(self, step: str, code: int, path: str, message: str) -> None:
        super().__init__(message)
        self.report: dict[str, Any] = {"step": step, "errno": code, "path": path, "message": message}


def step(name: str, path: str, function: Any, *values: Any) -> Any:
    """Call the function; an OSError becomes Failed, with the step's name and what it worked on."""
    try:
        return function(*values)
    except OSError as error:
        text = error.strerror or str(error)
        raise Failed(name, error.errno or 0, path, f"{name}{' at ' + path if path else ''}: {text}") from None
