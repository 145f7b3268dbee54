"""Writing a container's log, in its monitor: `open_log(LogTarget) -> LogWriter`."""

from __future__ import annotations

import os

from boxship.lib.logframe import LogTarget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxship.shim.logs.writer import LogWriter


def open_log(target: LogTarget) -> LogWriter:
    """The writer of a log. Each driver's module is loaded when a log asks for it.

    OSError when the file can't be opened: the start of the container fails with it. ValueError for a driver
    that this monitor does not have.
    """
    if target.driver != "none":
        folder = os.path.dirname(target.path)
        if not os.path.isdir(folder):
            os.mkdir(folder, 0o700)
    if target.driver == "local":
        from boxship.shim.logs.local import LocalLog

        return LocalLog(target)
    if target.driver == "json-file":
        from boxship.shim.logs.json_file import JsonFileLog

        return JsonFileLog(target)
    if target.driver == "none":
        from boxship.shim.logs.writer import NoLog

        return NoLog()
    raise ValueError(f"no log driver {target.driver!r} in this monitor")
