"""Threads that do an event loop's blocking work.

As concurrent.futures.ThreadPoolExecutor, for one purpose: a result goes straight to the loop's future, and who rested
last works next, alone. The executor's queue wakes a second thread for each piece of work, which finds nothing and
rests again; both cost more than most of the work here takes.
"""

import asyncio
import atexit
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

# Seconds in which the process's end waits for work that has begun.
_PATIENCE = 60.0


class _Work:
    """One call, and the future of its result."""

    __slots__ = ("function", "future", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, function: Callable[[], Any]) -> None:
        self.loop = loop
        self.function = function
        self.future: asyncio.Future[Any] = loop.create_future()

    def do(self) -> None:
        if self.future.cancelled():
            # Nobody waits any more, and it has not begun.
            return
        try:
            result, error = self.function(), None
        except BaseException as raised:
            result, error = None, raised
        try:
            self.loop.call_soon_threadsafe(self._settle, result, error)
        except RuntimeError:
            # The loop is closed: nobody is left to tell.
            pass

    def _settle(self, result: Any, error: BaseException | None) -> None:
        if self.future.cancelled():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


class _Rest:
    """A thread that has nothing to do waits on its own lock."""

    __slots__ = ("wake", "work")

    def __init__(self) -> None:
        self.wake = threading.Lock()
        self.wake.acquire()
        self.work: _Work | None = None


class Pool:
    """At most `most` threads, made as they are needed. `name`: what the threads are called."""

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._lock = threading.Lock()
        self._resting: list[_Rest] = []
        self._waiting: deque[_Work] = deque()
        self._threads = 0
        self._ended = False
        self._quiet = threading.Condition(self._lock)
        atexit.register(self._end)

    def run(self, function: Callable[[], Any]) -> "asyncio.Future[Any]":
        """Have a thread call `function`; the future of its result, on the running loop. RuntimeError at the process's
        end. Work whose future is cancelled before it has begun is not begun.
        """
        work = _Work(asyncio.get_running_loop(), function)
        with self._lock:
            if self._ended:
                raise RuntimeError("no more work at the end of the process")
            if self._resting:
                rest = self._resting.pop()
                rest.work = work
                rest.wake.release()
                return work.future
            if self._threads == self._most:
                self._waiting.append(work)
                return work.future
            self._threads += 1
            number = self._threads
        # A daemon thread: one that rests must not keep the process. `_end` waits for those that don't.
        threading.Thread(target=self._serve, args=(work,), name=f"{self._name}_{number}", daemon=True).start()
        return work.future

    def _serve(self, first: _Work) -> None:
        rest = _Rest()
        work: _Work | None = first
        while True:
            if work is not None:
                work.do()
                # Nothing of it is kept while this rests.
                work = None
            with self._lock:
                if self._waiting:
                    work = self._waiting.popleft()
                    continue
                self._resting.append(rest)
                if self._ended:
                    self._quiet.notify_all()
            rest.wake.acquire()
            work, rest.work = rest.work, None

    def _end(self) -> None:
        with self._quiet:
            self._ended = True
            self._waiting.clear()
            self._quiet.wait_for(lambda: len(self._resting) == self._threads, _PATIENCE)
