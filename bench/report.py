"""The table for people, the JSON for everything else."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from bench.measure import Result


def as_table(results: Sequence[Result]) -> str:
    """A line for each measurement: both numbers, their ratio, the gate and whether it is kept, the goal."""
    head = ("work", "peer", "ours", "ratio", "gate", "", "goal")
    lines = [head]
    notes: list[str] = []
    for result in results:
        if result.error:
            lines.append((result.title, "-", "-", "-", _limit(result.gate), _verdict(result), _limit(result.goal)))
            notes.append(f"{result.title}: {' '.join(result.error.split())}")
            continue
        mark = ""
        if result.note:
            if result.note not in notes:
                notes.append(result.note)
            mark = f" [{notes.index(result.note) + 1}]"
        ratio = "-" if result.ratio is None else f"{result.ratio:.2f}"
        lines.append(
            (
                result.title + mark,
                _amount(result.peer, result.unit),
                _amount(result.ours, result.unit),
                ratio,
                _limit(result.gate),
                _verdict(result),
                _limit(result.goal),
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    shown = []
    for line in lines:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        shown.append("  ".join(cells).rstrip())
    shown += [""] if notes else []
    shown += [f"[{number}] {note}" for number, note in enumerate(notes, 1)]
    return "\n".join(shown)


def as_json(results: Sequence[Result], about: dict[str, object]) -> str:
    """Everything, the single samples included. Seconds, MiB and MB/s as the rows say."""
    rows = [dataclasses.asdict(result) | {"ratio": result.ratio, "passed": result.passed} for result in results]
    return json.dumps({"about": about, "results": rows}, indent=2)


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "s":
        return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"
    return f"{value:.1f} {unit}" if value < 100 else f"{value:.0f} {unit}"


def _limit(value: float | None) -> str:
    return "" if value is None else f"≤ {value:g}"


def _verdict(result: Result) -> str:
    if result.error:
        return "failed"
    if result.passed is None:
        return ""
    return "pass" if result.passed else "MISS"
