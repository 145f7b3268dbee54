"""The registry of one pull, for as long as the pull or a layer that it has begun needs it."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from boxship.image.pull.steps import Report
from boxship.lib.errors import BoxshipError
from boxship.registry.client import Registry


class Abandoned(BoxshipError):
    """Whoever asked for the pull has gone."""

    def __init__(self) -> None:
        super().__init__("the pull was given up: its client has gone")


class Session:
    """Use as a context around the pull; `abort` may come from any thread at any time.

    registry: is the session's own from now on. report: is told all steps. at_once: layers that are fetched at the
    same time.
    """

    def __init__(self, registry: Registry, report: Report, at_once: int) -> None:
        self.registry = registry
        self.report = report
        self.at_once = at_once
        self.aborted = False
        self._lock = threading.Lock()
        self._users = 1
        self._wake: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def abort(self) -> None:
        """The pull need not go on: it ends soon, by Abandoned or an error of the registry's."""
        with self._lock:
            self.aborted = True
            wake = self._wake
        if wake is not None:
            wake()
        else:
            self.registry.abort()

    def check(self) -> None:
        """Abandoned when the pull need not go on."""
        if self.aborted:
            raise Abandoned

    def waiting(self, wake: Callable[[], None] | None) -> None:
        """While the pull waits for layers, an abort calls `wake`: others may want the layers and their connections."""
        with self._lock:
            self._wake = wake

    def use(self) -> None:
        """A layer is begun over this registry; `release` when it is over."""
        with self._lock:
            self._users += 1

    def release(self) -> None:
        """The last one who does so closes the registry."""
        with self._lock:
            self._users -= 1
            last = self._users == 0
        if last:
            self.registry.close()
