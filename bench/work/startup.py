"""What a client costs before it has done anything: `ps` with nothing to show."""

from __future__ import annotations

from collections.abc import Sequence

from bench.measure import Result, Row, take_turns
from bench.side import Side


def startup(sides: Sequence[Side], rounds: int) -> list[Result]:
    """Our `ps` on our engine, the docker CLI's on the peer; then the docker CLI on both."""
    own = Row("ps-own", "ps, our CLI (peer: docker CLI)", "s", rounds, 2.0, 1.5, warm_up=2)
    docker = Row("ps-docker", "ps, docker CLI", "s", rounds, warm_up=2)
    return [
        take_turns(own, sides, lambda side: _once(side, side.own_cli if side.name == "ours" else side.docker)),
        take_turns(docker, sides, lambda side: _once(side, side.docker)),
    ]


def _once(side: Side, program: str) -> float:
    # A filter that nothing matches: other containers on a shared peer cost nothing.
    command = [program, "ps", "--quiet", "--filter", "label=boxship.bench=none"]
    return side.timed(command, b"")
