"""Work that is done once however many ask for it: the first one does it, the others wait and find it done."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Turn:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.callers = 0


class OneAtATime:
    """A lock for each name, as long as somebody has it or waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[str, _Turn] = {}

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Run the block while nobody else runs one of this name. Not reentrant."""
        with self._lock:
            turn = self._turns.setdefault(name, _Turn())
            turn.callers += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.callers -= 1
                if turn.callers == 0:
                    del self._turns[name]
