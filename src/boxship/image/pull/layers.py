"""The layers of one image: those that are here, those that another pull brings already, and the rest."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from boxship.image.pull.layer import fetch
from boxship.image.pull.session import Session
from boxship.image.pull.steps import Step, short
from boxship.image.pull.transfers import Transfer, Wanted
from boxship.model.manifest import Descriptor
from boxship.registry.client import Repository
from boxship.storage.layers import Layer

if TYPE_CHECKING:
    from boxship.image.store import ImageStore


class Layers:
    """Brings what is missing. For one thread; a follower of its transfers."""

    def __init__(self, store: ImageStore, session: Session, repository: Repository) -> None:
        self._store = store
        self._session = session
        self._repository = repository
        self._ends: queue.SimpleQueue[tuple[Transfer, BaseException | None] | None] = queue.SimpleQueue()
        self._active: dict[Transfer, bool] = {}
        """The transfers that are followed; whether we have begun them."""

    def bring(self, layers: Sequence[tuple[Descriptor, str]]) -> None:
        """Bring the layers, each a blob and its diff id, lowest first; whoever calls holds the diff ids.

        BoxshipError of the first that fails, Abandoned when the session is aborted.
        """
        missing = self._missing(layers)
        waiting = deque(missing)
        for wanted in missing[self._session.at_once :]:
            self._session.report(Step("Waiting", short(wanted.digest), True))
        self._session.waiting(lambda: self._ends.put(None))
        try:
            self._session.check()
            while waiting or self._active:
                while waiting and len(self._active) < self._session.at_once:
                    self._follow(waiting.popleft())
                end = self._ends.get()
                self._session.check()
                assert end is not None
                transfer, error = end
                begun = self._active.pop(transfer)
                if error is not None and begun:
                    raise error
                if error is not None:
                    # Somebody else's: their credentials may be wrong, or they have given it up. Ours may go well.
                    waiting.appendleft(transfer.wanted)
        finally:
            self._leave()

    def _missing(self, layers: Sequence[tuple[Descriptor, str]]) -> list[Wanted]:
        missing: dict[str, Wanted] = {}
        for blob, diff_id in layers:
            if diff_id in missing:
                continue
            if self._store.snapshotter.layer(diff_id) is not None:
                self._session.report(Step("Already exists", short(blob.digest), True))
            else:
                self._session.report(Step("Pulling fs layer", short(blob.digest), True))
                missing[diff_id] = Wanted(self._session.registry.host, blob.digest, blob.size, diff_id)
        return list(missing.values())

    def _follow(self, wanted: Wanted) -> None:
        transfer, begun = self._store.transfers.follow(wanted, self, self._fetch, self._session.use)
        self._active[transfer] = begun

    def _fetch(self, transfer: Transfer) -> Layer:
        # The transfer may outlive this pull: it holds what it needs itself.
        try:
            with self._store.keep([transfer.wanted.diff_id]):
                # Between our look and our lease another pull may have brought it.
                if (known := self._store.snapshotter.layer(transfer.wanted.diff_id)) is not None:
                    transfer.tell(Step("Pull complete", short(transfer.wanted.digest), True))
                    return known
                return fetch(transfer, self._repository, self._store.snapshotter)
        finally:
            if transfer.given_up:
                self._store.collect([transfer.wanted.diff_id])
            self._session.release()

    def _leave(self) -> None:
        begun = [transfer for transfer, ours in self._active.items() if ours]
        for transfer in self._active:
            transfer.leave(self)
        self._active.clear()
        if begun and all(transfer.given_up for transfer in begun):
            self._session.registry.abort()
        self._session.waiting(None)

    def tell(self, step: Step) -> None:
        """See `Follower`."""
        self._session.report(step)

    def ended(self, transfer: Transfer, error: BaseException | None) -> None:
        """See `Follower`."""
        self._ends.put((transfer, error))
