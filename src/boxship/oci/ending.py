"""Signals to a container, and its end."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]
import os
import select

from boxship.lib.errors import InvalidParameter, Unavailable
from boxship.oci.container import Container, start_time

_PATIENCE_MS = 10_000


def signal_number(text: str) -> int:
    """KILL, SIGKILL or 9; SIGRTMIN+3. InvalidParameter."""
    if text.isascii() and text.isdigit():
        number = int(text)
        if 0 < number < signal.NSIG:
            return number
        raise InvalidParameter(f"unknown signal {text!r}")
    name = text.upper().removeprefix("SIG")
    base, sign, offset = name.partition("+") if "+" in name else name.partition("-")
    # SIG_DFL and its like are no signals.
    found: int | None = getattr(signal, f"SIG{base}", None) if base.isalnum() else None
    if found is None or (sign and not (base in ("RTMIN", "RTMAX") and offset.isdigit())):
        raise InvalidParameter(f"unknown signal {text!r}")
    return int(found) + (int(offset) if sign == "+" else -int(offset) if sign else 0)


def send_signal(container: Container, number: int) -> bool:
    """Signal the first process; False when it is gone. By pidfd: never another process that got its pid."""
    try:
        pidfd = os.pidfd_open(container.pid)
    except ProcessLookupError:
        return False
    try:
        if start_time(container.pid) != container.record["start_time"]:
            return False
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(pidfd)
    return True


def kill_all(container: Container) -> None:
    """End every process of a container, whatever state it is in, and wait for that. Unavailable when it takes long."""
    if not container.pid:
        return
    paused = container.status() == "paused"
    send_signal(container, signal.SIGKILL)
    cgroup = container.cgroup()
    if cgroup is not None:
        if paused:
            cgroup.freeze(False)
        if container.record.get("made_cgroup", True):
            cgroup.kill_all()
    wait_until_stopped(container)


def wait_until_stopped(container: Container) -> None:
    """Wait for the end of the first process. Unavailable when it does not come in ten seconds."""
    try:
        pidfd = os.pidfd_open(container.pid)
    except ProcessLookupError:
        return
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        if start_time(container.pid) == container.record["start_time"] and not poll.poll(_PATIENCE_MS):
            raise Unavailable(f"the first process of {container.id}, pid {container.pid}, does not end")
    finally:
        os.close(pidfd)
