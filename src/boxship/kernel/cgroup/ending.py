"""The end of all processes of a control group."""

from __future__ import annotations

import errno
import os
import time
from _signal import SIGKILL  # type: ignore[import-not-found]

from boxship.kernel.cgroup.files import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from boxship.kernel.cgroup.group import Cgroup

# Seconds.
_PATIENCE = 10.0
_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.05


def kill_all(group: Cgroup) -> None:
    """As `Cgroup.kill_all`."""
    if group.layout.version == 2:
        # Linux >= 5.14: all at once, also what is being forked.
        _unless_gone(lambda: write(f"{group.any_folder()}/cgroup.kill", "1"))
    deadline = time.monotonic() + _PATIENCE
    pause = _FIRST_PAUSE
    frozen = False
    try:
        while pids := group.pids():
            for pid in pids:
                try:
                    os.kill(pid, SIGKILL)
                except ProcessLookupError:
                    continue
            if frozen:
                # A frozen process dies only when it is thawed.
                _unless_gone(lambda: group.set_frozen(False))
                frozen = False
            if time.monotonic() > deadline:
                raise TimeoutError(f"processes {pids} of control group {group.path} do not end")
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if pause == _LONGEST_PAUSE and not frozen and "freezer" in group.layout.controllers:
                # What still forks faster than it is killed holds still when frozen.
                _unless_gone(lambda: group.set_frozen(True))
                frozen = True
    finally:
        if frozen:
            _unless_gone(lambda: group.set_frozen(False))


def _unless_gone(ask: Callable[[], None]) -> None:
    """systemd removes a scope as soon as it is empty."""
    try:
        ask()
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENODEV):
            raise
