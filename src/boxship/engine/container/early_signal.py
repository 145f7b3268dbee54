"""Signals that come before a container is ready for them.

The kernel drops a signal for the first process of a pid namespace that has set no handler for it (pid_namespaces(7)).
A program takes a moment to set its handlers: who says `stop` or `kill` in that moment would wait for the timeout. So
the signal is sent once more as soon as there is a handler; only in the first moments of a run, and only when there was
none. Whether it is blocked says nothing: fork(3) blocks all for a moment, and what is unblocked then is dropped, too;
an init that waits for blocked signals never has a handler, and gets each once.
"""

import asyncio
import contextlib

from boxship.engine.container.register import Container
from boxship.lib.bridge import quick
from boxship.lib.clock import now_ns
from boxship.lib.errors import NotFound, Unavailable
from boxship.runtime.launch import Monitor

YOUNG_NS = 2_000_000_000
"""A run is young for so long: whoever sets handlers does it soon."""
INSIST_NS = 15_000_000_000
"""How long after its start a run's handlers are waited for: a machine may be loaded."""

_LOOK_AGAIN, _LOOK_SELDOM = 0.02, 0.3
# Nobody can handle these: KILL, STOP.
_NEVER_HANDLED = frozenset((9, 19))


async def is_dropped(container: Container, number: int) -> bool:
    """Whether the kernel would drop the signal now, in a run that is young."""
    if number in _NEVER_HANDLED or now_ns() - container.state.started_ns >= YOUNG_NS:
        return False
    return await quick(drops, container.state.pid, number)


async def insist(container: Container, monitor: Monitor, number: int) -> None:
    """Send a signal that was dropped again once the first process handles it; give up when it does not in time."""
    pause = _LOOK_AGAIN
    while container.monitor is monitor and now_ns() - container.state.started_ns < INSIST_NS:
        await asyncio.sleep(pause)
        pause = min(pause * 1.2, _LOOK_SELDOM)
        if not await quick(drops, container.state.pid, number):
            with contextlib.suppress(NotFound, Unavailable):
                await monitor.signal(number)
            return


def drops(pid: int, number: int) -> bool:
    """Whether this is the first process of a pid namespace of its own and has no handler for the signal (blocks;
    proc_pid_status(5)). False when it is gone.
    """
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            fields = dict(line.split(":", 1) for line in file if ":" in line)
    except OSError:
        return False
    numbers = fields.get("NSpid", "").split()
    if len(numbers) < 2 or numbers[-1] != "1":
        return False
    return not int(fields["SigCgt"], 16) >> (number - 1) & 1
