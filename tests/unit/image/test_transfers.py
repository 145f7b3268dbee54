"""One transfer for all who want a layer: it goes on as long as somebody does."""

import threading
from typing import Any

import pytest

from boxship.image.pull.steps import Step
from boxship.image.pull.transfers import Given, Transfer, Transfers, Wanted
from boxship.storage.layers import Layer

WANTED = Wanted("r.example", "sha256:" + "a" * 64, 10, "sha256:" + "b" * 64)
LAYER = Layer(WANTED.diff_id, 1, 2)
PATIENCE = 30.0


class Hearer:
    """Hears how it goes."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.over = threading.Event()
        self.error: BaseException | None = None

    def tell(self, step: Step) -> None:
        self.steps.append(step.text)

    def ended(self, transfer: Transfer, error: BaseException | None) -> None:
        self.error = error
        self.over.set()


class Work:
    """A transfer's work that goes on when it is let, and looks whether it still need."""

    def __init__(self, fails: BaseException | None = None) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.times = 0
        self.fails = fails

    def __call__(self, transfer: Transfer) -> Layer:
        self.times += 1
        transfer.tell(Step("half"))
        self.begun.set()
        assert self.go.wait(PATIENCE)
        transfer.check()
        if self.fails is not None:
            raise self.fails
        transfer.tell(Step("whole"))
        return LAYER


def follow(transfers: Transfers, hearer: Hearer, work: Any) -> tuple[Transfer, bool]:
    return transfers.follow(WANTED, hearer, work, lambda: None)


def test_who_joins_late_is_told_where_it_stands() -> None:
    transfers, work, first, second = Transfers(), Work(), Hearer(), Hearer()
    transfer, begun = follow(transfers, first, work)
    assert begun
    assert work.begun.wait(PATIENCE)
    assert follow(transfers, second, work) == (transfer, False)
    assert second.steps == ["half"]
    work.go.set()
    for hearer in (first, second):
        assert hearer.over.wait(PATIENCE)
        assert hearer.error is None
        assert hearer.steps[-1] == "whole"
    assert work.times == 1
    # It is over: who comes now begins anew.
    third = Hearer()
    assert follow(transfers, third, work)[1]
    assert third.over.wait(PATIENCE)


def test_it_ends_when_the_last_one_goes_and_the_next_one_begins_anew() -> None:
    transfers, work, first, second = Transfers(), Work(), Hearer(), Hearer()
    transfer, _ = follow(transfers, first, work)
    follow(transfers, second, work)
    transfer.leave(first)
    assert not transfer.given_up
    transfer.leave(second)
    assert transfer.given_up
    with pytest.raises(Given):
        transfer.check()
    third, again = Hearer(), Work()
    assert follow(transfers, third, again)[1]
    again.go.set()
    assert third.over.wait(PATIENCE)
    assert third.error is None
    work.go.set()
    assert not first.over.is_set()


def test_all_hear_of_a_failure() -> None:
    transfers, work, first, second = Transfers(), Work(OSError("no")), Hearer(), Hearer()
    follow(transfers, first, work)
    follow(transfers, second, work)
    work.go.set()
    for hearer in (first, second):
        assert hearer.over.wait(PATIENCE)
        assert isinstance(hearer.error, OSError)
