"""What a pull tells of itself while it runs: Docker's words, as values."""

import time
from collections.abc import Callable
from dataclasses import dataclass

SHORT = 12
INTERVAL = 0.1
"""Seconds between two figures of one layer: people read no faster, and a slow client has less to fall behind with."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to tell.

    text: "Downloading". id: what it is about: a layer's short digest, a tag; "" for all of it. layer: whether `id` is
    a layer. done, total: bytes, where it is about bytes; total 0 for nobody knows.
    """

    text: str
    id: str = ""
    layer: bool = False
    done: int = 0
    total: int = 0

    @property
    def passing(self) -> bool:
        """Whether the next one of this layer makes it worthless: a figure."""
        return self.layer and self.done > 0


Report = Callable[[Step], None]
"""Is called from any thread, and must not wait."""


def short(digest: str) -> str:
    """A layer's digest as people see it."""
    return digest.partition(":")[2][:SHORT]


class Figures:
    """The figures of one layer, told now and then and at the end. For one thread."""

    def __init__(self, report: Report, layer: str, text: str, total: int) -> None:
        self._report = report
        self._layer = layer
        self._text = text
        self._total = total
        self._next = 0.0

    def reach(self, done: int) -> None:
        """So many bytes are done."""
        now = time.monotonic()
        if now >= self._next or done == self._total:
            self._next = now + INTERVAL
            self._report(Step(self._text, self._layer, True, done, self._total))
