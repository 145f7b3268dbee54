"""Taking turns: both engines do the same work, one round after the other, so that a noisy moment hits both."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.errors import MeasurementFailed
from bench.side import Side


@dataclass(frozen=True)
class Result:
    """One row of the report. better: "less" or "more"; limits are ratios of ours to the peer's.

    gate: the limit that must be kept, goal: the one to reach; None for neither. error: why there are no numbers.
    """

    key: str
    title: str
    unit: str
    ours: float | None = None
    peer: float | None = None
    samples: dict[str, list[float]] = field(default_factory=dict)
    gate: float | None = None
    goal: float | None = None
    better: str = "less"
    note: str = ""
    error: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours divided by the peer's."""
        return self.ours / self.peer if self.ours is not None and self.peer else None

    @property
    def passed(self) -> bool | None:
        """Is the gate kept? None where there is no gate."""
        if self.gate is None:
            return None
        return self.ratio is not None and self.ratio <= self.gate


@dataclass(frozen=True)
class Row:
    """What is to be measured. work: for each side, a function that does it once and gives the number."""

    key: str
    title: str
    unit: str
    rounds: int
    gate: float | None = None
    goal: float | None = None
    better: str = "less"
    note: str = ""
    warm_up: int = 1


def take_turns(row: Row, sides: Sequence[Side], work: Callable[[Side], float]) -> Result:
    """Median of `row.rounds` interleaved rounds. A run that fails ends the measurement: no number from it."""
    samples: dict[str, list[float]] = {side.name: [] for side in sides}
    say(f"{row.title} ")
    try:
        for number in range(-row.warm_up, row.rounds):
            # The second in a round may find caches warm: they take turns in that too.
            for side in sides if number % 2 else reversed(sides):
                value = work(side)
                if number >= 0:
                    samples[side.name].append(value)
            say(".")
    except (MeasurementFailed, OSError) as error:
        say(" failed\n")
        return failed(row, str(error))
    say("\n")
    return result(row, samples)


def result(row: Row, samples: dict[str, list[float]]) -> Result:
    """The row with its medians."""
    return Result(
        key=row.key,
        title=row.title,
        unit=row.unit,
        ours=statistics.median(samples["ours"]),
        peer=statistics.median(samples["peer"]),
        samples=samples,
        gate=row.gate,
        goal=row.goal,
        better=row.better,
        note=row.note,
    )


def failed(row: Row, error: str) -> Result:
    """The row without numbers."""
    return Result(row.key, row.title, row.unit, gate=row.gate, goal=row.goal, note=row.note, error=error)


def say(text: str) -> None:
    """Show how far it is, on stderr."""
    print(text, end="", file=sys.stderr, flush=True)
