"""Layers on their way in, shared: two pulls that want one layer at once fetch it once.

A transfer runs in a thread of its own and goes on as long as somebody follows it; whoever joins late is told where
it stands. It belongs to one registry's domain: a slow registry delays nobody who asked another one.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from boxship.image.pull.steps import Step
from boxship.storage.layers import Layer


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a transfer brings. domain: of the registry; digest, size: of the blob; diff_id: of the tar in it."""

    domain: str
    digest: str
    size: int
    diff_id: str


class Given(Exception):
    """A transfer was given up: nobody follows it any more."""


class Follower(Protocol):
    """Who waits for a transfer. Called from the transfer's thread; must not wait."""

    def tell(self, step: Step) -> None:
        """How far it is."""
        ...

    def ended(self, transfer: "Transfer", error: BaseException | None) -> None:
        """It is here, or failed; once."""
        ...


class Transfer:
    """One layer on its way in."""

    def __init__(self, wanted: Wanted, work: Callable[["Transfer"], Layer]) -> None:
        self.wanted = wanted
        self._work = work
        self._lock = threading.Lock()
        self._followers: list[Follower] = []
        self._last: Step | None = None
        self._over = False
        self.given_up = False
        """Nobody wants it any more: `check` raises."""

    def tell(self, step: Step) -> None:
        """Tell all who follow. For the work."""
        with self._lock:
            self._last = step
            for follower in self._followers:
                follower.tell(step)

    def check(self) -> None:
        """For the work, now and then: Given when it need not go on."""
        if self.given_up:
            raise Given

    def join(self, follower: Follower) -> bool:
        """Follow it from now on; False when it is too late for that."""
        with self._lock:
            if self._over or self.given_up:
                return False
            self._followers.append(follower)
            if self._last is not None:
                follower.tell(self._last)
        return True

    def leave(self, follower: Follower) -> None:
        """Follow it no more; the last one who leaves ends it."""
        with self._lock:
            if follower in self._followers:
                self._followers.remove(follower)
                self.given_up = not self._followers

    def run(self, forget: Callable[["Transfer"], None]) -> None:
        """Do the work, and tell the end of it. forget: is called before anybody hears of it."""
        error: BaseException | None = None
        try:
            self._work(self)
        except BaseException as problem:
            error = problem
        forget(self)
        with self._lock:
            self._over = True
            followers, self._followers = self._followers, []
        for follower in followers:
            follower.ended(self, error)


class Transfers:
    """All that are under way in this daemon. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Wanted, Transfer] = {}

    def follow(
        self, wanted: Wanted, follower: Follower, work: Callable[[Transfer], Layer], starting: Callable[[], None]
    ) -> tuple[Transfer, bool]:
        """Follow the transfer of a layer, and start it by `work` unless it runs; with whether it was started.

        starting: is called first then.
        """
        with self._lock:
            running = self._running.get(wanted)
            if running is not None and running.join(follower):
                return running, False
            transfer = self._running[wanted] = Transfer(wanted, work)
            transfer.join(follower)
        starting()
        threading.Thread(target=transfer.run, args=(self._forget,), name="pull", daemon=True).start()
        return transfer, True

    def _forget(self, transfer: Transfer) -> None:
        with self._lock:
            if self._running.get(transfer.wanted) is transfer:
                del self._running[transfer.wanted]
