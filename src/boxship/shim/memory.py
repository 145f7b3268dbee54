"""Tells when the kernel ends something in a container for want of memory, while it happens.

v2: memory.events, polled for POLLPRI (cgroup-v2.rst, "Memory Interface Files"): no inotify instance for each container,
of which a user has 128. v1: an eventfd bound to memory.oom_control (cgroup-v1/memory.rst, section 10), which fires
before the kernel has chosen whom to kill, and for groups above this one, too. The counters decide.
"""

from __future__ import annotations

import os
import select

from boxship.shim.loop import IN, Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_PRIORITY = select.EPOLLPRI
# Seconds after v1's notice at which its counters are looked at again.
_LOOKS = (0.0, 0.01, 0.1, 1.0)


class MemoryWatch:
    """One group. `tell` is called once for each rise of the number of kills that is seen."""

    def __init__(self, loop: Loop, folder: str, tell: Callable[[], None]) -> None:
        """folder: the group in the hierarchy of the memory controller, "" to watch nothing."""
        self._loop = loop
        self._folder = folder
        self._tell = tell
        self._fd = -1
        self._eventfd = -1
        self.kills = 0

    def begin(self) -> None:
        """Watch from now on; what has happened by now is told at once. A group without the files is let be."""
        if not self._folder:
            return
        try:
            self._fd = os.open(f"{self._folder}/memory.events", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            self._begin_v1()
            return
        except OSError:
            return
        self._loop.watch(self._fd, _PRIORITY, lambda _: self.look())
        self.look()

    def _begin_v1(self) -> None:
        try:
            self._fd = os.open(f"{self._folder}/memory.oom_control", os.O_RDONLY | os.O_CLOEXEC)
            control = os.open(f"{self._folder}/cgroup.event_control", os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            # No memory controller here.
            return
        self._eventfd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            os.write(control, f"{self._eventfd} {self._fd}".encode())
        finally:
            os.close(control)
        self._loop.watch(self._eventfd, IN, self._noticed)
        self.look()

    def _noticed(self, _: int) -> None:
        try:
            os.eventfd_read(self._eventfd)
        except BlockingIOError:
            return
        if _field(self._read(), "oom_kill_disable") and _field(self._read(), "under_oom"):
            # Nobody is killed: the processes wait for memory.
            self.kills += 1
            self._tell()
            return
        for seconds in _LOOKS:
            self._loop.after(seconds, self.look)

    def look(self) -> None:
        """Tell if there have been more kills since the last look."""
        if self._fd < 0:
            return
        kills = _field(self._read(), "oom_kill") if self._eventfd < 0 else _kills_below(self._folder)
        if kills > self.kills:
            self.kills = kills
            self._tell()

    def _read(self) -> bytes:
        try:
            return os.pread(self._fd, 4096, 0)
        except OSError:
            # ENODEV: the group is gone.
            return b""

    def end(self) -> None:
        """A last look, and no more."""
        self.look()
        if self._eventfd >= 0:
            self._loop.forget(self._eventfd)
            os.close(self._eventfd)
        elif self._fd >= 0:
            self._loop.forget(self._fd)
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = self._eventfd = -1


def _kills_below(folder: str) -> int:
    """v1 counts a kill in the group of the process only; a container may have made groups of its own."""
    try:
        with open(f"{folder}/memory.oom_control", "rb", buffering=0) as file:
            kills = _field(file.readall(), "oom_kill")
        below = [entry.path for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return 0
    return kills + sum(map(_kills_below, below))


def _field(text: bytes, name: str) -> int:
    for line in text.splitlines():
        key, _, value = line.partition(b" ")
        if key == name.encode():
            return int(value)
    return 0
