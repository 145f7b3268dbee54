"""`docker exec` of a small program in a running container."""

from __future__ import annotations

from collections.abc import Sequence

from bench.errors import MeasurementFailed
from bench.measure import Result, Row, failed, take_turns
from bench.side import Side


def exec_(sides: Sequence[Side], rounds: int) -> list[Result]:
    """By the docker CLI, and by our own against it."""
    rows = [
        Row("exec-docker", "exec, docker CLI", "s", rounds, 0.4, 0.35),
        Row("exec-own", "exec, our CLI", "s", rounds, None, 0.35),
    ]
    names = {side.name: side.fresh_name() for side in sides}
    try:
        for side in sides:
            options = ["-d", "--name", names[side.name], "--network", "none"]
            side.run([side.docker, "run", *options, side.image, "sleep", "3600"])
        results = [
            take_turns(rows[0], sides, lambda side: _once(side, side.docker, names[side.name])),
            take_turns(
                rows[1],
                sides,
                lambda side: _once(side, side.own_cli if side.name == "ours" else side.docker, names[side.name]),
            ),
        ]
    except MeasurementFailed as error:
        results = [failed(row, str(error)) for row in rows]
    for side in sides:
        side.remove([names[side.name]])
    return results


def _once(side: Side, program: str, container: str) -> float:
    return side.timed([program, "exec", container, "echo", "done"], b"done\n")
