"""Telling followers that their log has changed: one inotify instance for all of them.

Instances are scarce (128 a user by default), watches are not.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from boxship.kernel.inotify import (
    IN_CREATE,
    IN_IGNORED,
    IN_MODIFY,
    IN_MOVED_TO,
    IN_ONLYDIR,
    IN_Q_OVERFLOW,
    Inotify,
)

_MASK = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR


class LogWatcher:
    """Calls back when a log's folder changes. Belongs to one event loop or thread:

    `loop.add_reader(watcher.fd, watcher.dispatch)`.
    """

    def __init__(self) -> None:
        """OSError when no inotify instance is to be had."""
        self._inotify = Inotify()
        self._callbacks: dict[int, dict[int, Callable[[], None]]] = {}
        self._next = 0

    @property
    def fd(self) -> int:
        """Readable when `dispatch` has something to do."""
        return self._inotify.fd

    def subscribe(self, log_path: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Have `callback` called after the log at `log_path` may have changed; the result ends that.

        Subscribe before the first read, or a change in between is missed. OSError when the folder is not
        there or watches are used up.
        """
        watch = self._inotify.add(os.path.dirname(log_path) or ".", _MASK)
        self._next += 1
        key = self._next
        self._callbacks.setdefault(watch, {})[key] = callback

        def end() -> None:
            callbacks = self._callbacks.get(watch)
            if callbacks is None or key not in callbacks:
                return
            del callbacks[key]
            if not callbacks:
                del self._callbacks[watch]
                self._inotify.remove(watch)

        return end

    def dispatch(self) -> None:
        """Call those back whose folder changed, each once."""
        changed: dict[int, None] = {}
        gone: list[int] = []
        for watch, mask, _ in self._inotify.read():
            if mask & IN_Q_OVERFLOW:
                changed.update(dict.fromkeys(self._callbacks))
            elif watch in self._callbacks:
                changed[watch] = None
                if mask & IN_IGNORED:
                    gone.append(watch)
        callbacks = [callback for watch in changed for callback in self._callbacks[watch].values()]
        for watch in gone:
            self._callbacks.pop(watch, None)
        for callback in callbacks:
            callback()

    def close(self) -> None:
        """Nobody is called any more."""
        self._callbacks.clear()
        self._inotify.close()
