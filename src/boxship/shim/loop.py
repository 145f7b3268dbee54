"""The monitor's event loop: epoll, a table of handlers, ends of children by pidfd."""

from __future__ import annotations

import os
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = Callable[[int], None]

IN = select.EPOLLIN
OUT = select.EPOLLOUT
HUP = select.EPOLLHUP | select.EPOLLERR


class Loop:
    """`watch` descriptors, `run` until `stop`. Single-threaded; a handler gets the events' bits."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._running = True

    def watch(self, fd: int, events: int, handler: Handler) -> None:
        """Call `handler` when `fd` has one of `events`, or an error."""
        if fd in self._handlers:
            self._epoll.modify(fd, events)
        else:
            self._epoll.register(fd, events)
        self._handlers[fd] = handler

    def forget(self, fd: int) -> None:
        """No more of `fd`; call it before the descriptor is closed."""
        if self._handlers.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Run `action` once, not before `seconds` have passed."""
        self._timers.append((time.monotonic() + seconds, action))
        self._timers.sort(key=lambda timer: timer[0])

    def on_end(self, pid: int, action: Callable[[int], None]) -> int:
        """Run `action` with the wait status when the child `pid` has ended, and reap it. Its pidfd, the loop's own."""
        pidfd = os.pidfd_open(pid)

        def ended(_: int) -> None:
            self.forget(pidfd)
            os.close(pidfd)
            action(os.waitpid(pid, 0)[1])

        self.watch(pidfd, IN, ended)
        return pidfd

    def close(self) -> None:
        self._epoll.close()

    def stop(self) -> None:
        self._running = False

    def run(self) -> None:
        while self._running:
            timeout = max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else -1
            for fd, events in self._epoll.poll(timeout):
                handler = self._handlers.get(fd)
                # An earlier handler of this round may have let go of it.
                if handler is not None:
                    handler(events)
            while self._timers and self._timers[0][0] <= time.monotonic():
                self._timers.pop(0)[1]()
