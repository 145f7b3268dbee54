"""One request for each of several names: what worked is printed in order, what failed at the end."""

from boxship.cli.context import CliError
from boxship.cli.output import out
from boxship.lib.errors import BoxshipError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE = 50


def for_each(
    names: "list[str]", ask: "Callable[[str], object]", *, forgive: "Callable[[BoxshipError], bool] | None" = None
) -> int:
    """Ask for each name, several at once, print those that worked. CliError carries all failures.

    forgive: failures that are shown and don't change the exit code.
    """
    outcomes = [_one(names[0], ask)] if len(names) == 1 else _together(names, ask)
    failures: list[BoxshipError] = []
    for name, failure in zip(names, outcomes, strict=True):
        if failure is None:
            out(f"{name}\n")
        else:
            failures.append(failure)
    if failures:
        from boxship.cli.main import describe

        bad = [failure for failure in failures if forgive is None or not forgive(failure)]
        raise CliError("\n".join([describe(failure) for failure in failures]), 1 if bad else 0)
    return 0


def _one(name: str, ask: "Callable[[str], object]") -> "BoxshipError | None":
    try:
        ask(name)
    except BoxshipError as error:
        return error
    return None


def _together(names: "list[str]", ask: "Callable[[str], object]") -> "list[BoxshipError | None]":
    from _thread import allocate_lock, start_new_thread

    outcomes: list[BoxshipError | None] = [None] * len(names)
    places = iter(range(len(names)))
    turn = allocate_lock()
    done = []

    def work(finished: "object") -> None:
        while True:
            with turn:
                place = next(places, -1)
            if place < 0:
                break
            outcomes[place] = _one(names[place], ask)
        finished.release()  # type: ignore[attr-defined]

    for _ in range(min(AT_ONCE, len(names))):
        lock = allocate_lock()
        lock.acquire()
        done.append(lock)
        start_new_thread(work, (lock,))
    for lock in done:
        lock.acquire()
    return outcomes
