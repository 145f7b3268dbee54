"""Leases: while one is held, nothing removes what it names.

They live in memory: whoever holds one is a running operation of this process. What an operation of a killed daemon
had brought, no image and no container names, so the next start removes it.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Leases:
    """Counts, for each resource (a layer's diff id, an image id), the operations that need it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()

    @contextmanager
    def hold(self, resources: Iterable[str]) -> Iterator[None]:
        """Hold `resources` for as long as the block runs."""
        names = list(resources)
        with self._lock:
            self._held.update(names)
        try:
            yield
        finally:
            with self._lock:
                self._held.subtract(names)
                for name in names:
                    if self._held[name] <= 0:
                        del self._held[name]

    def held(self) -> set[str]:
        """All that is held now."""
        with self._lock:
            return set(self._held)
