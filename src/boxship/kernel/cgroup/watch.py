"""The machine's control group layout, looked up again only when something has been mounted or unmounted."""

from __future__ import annotations

import os
import select

from boxship.kernel.cgroup.layout import Layout, detect

_MOUNTINFO = "/proc/self/mountinfo"


class LayoutWatch:
    """For whoever asks often. Each thread has one of its own, or they take turns."""

    def __init__(self) -> None:
        """Unavailable as `detect`."""
        # Polled and never read: POLLPRI means that the mounts have changed since the last poll (proc_pid_mounts(5)).
        self._fd = os.open(_MOUNTINFO, os.O_RDONLY | os.O_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLPRI)
        try:
            self._layout = detect()
        except BaseException:
            self.close()
            raise

    def current(self) -> Layout:
        """The layout now. Unavailable as `detect`."""
        # First the poll, then the look: what is mounted in between is seen by both.
        if self._poll.poll(0):
            self._layout = detect()
        return self._layout

    def close(self) -> None:
        """No more questions."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
