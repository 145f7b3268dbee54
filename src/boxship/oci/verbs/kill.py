"""`boxship oci kill`: a signal to a container."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]
import os

from boxship.cli.flags import Flag, Parsed
from boxship.lib.errors import Conflict
from boxship.oci.container import Container
from boxship.oci.context import Context
from boxship.oci.ending import send_signal, signal_number

USAGE = "[OPTIONS] ID [SIGNAL]"
FLAGS = (Flag("all", "a", "", "Signal every process of the container, not the first one alone"),)
ARGS = (1, 2)


def run(context: Context, parsed: Parsed) -> int:
    container = context.container(parsed.args[0])
    number = signal_number(parsed.args[1] if len(parsed.args) > 1 else "TERM")
    if parsed.on("all"):
        _all(container, number)
        return 0
    if container.status() == "stopped":
        raise Conflict(f"container not running: {container.id} has stopped")
    if not send_signal(container, number):
        raise Conflict(f"container not running: {container.id} has stopped")
    if number == signal.SIGKILL and not container.record.get("own_pids", True):
        # Without a pid namespace of its own nothing else ends with the first process.
        _all(container, number)
    _thaw(container, number)
    return 0


def _all(container: Container, number: int) -> None:
    cgroup = container.cgroup()
    if cgroup is None:
        raise Conflict(f"container {container.id} has no control group: its processes are not known")
    pids = cgroup.pids()
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
    _thaw(container, number)


def _thaw(container: Container, number: int) -> None:
    """A frozen process of a v1 group does not even die."""
    cgroup = container.cgroup()
    if number == signal.SIGKILL and cgroup is not None and container.status() == "paused":
        cgroup.freeze(False)
