"""`run --rm image true`, whole commands."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from bench.measure import Result, Row, take_turns
from bench.side import Side


def run(sides: Sequence[Side], rounds: int) -> list[Result]:
    """By the docker CLI without and with a network; by our own CLI against the peer's docker CLI."""
    results = []
    for network, gate, goal in (("none", 0.25, 0.22), ("default", 0.20, 0.15)):
        row = Row(f"run-{network}-docker", f"run, network {network}, docker CLI", "s", rounds, gate, goal)
        results.append(take_turns(row, sides, functools.partial(_by_docker, network)))
        row = Row(f"run-{network}-own", f"run, network {network}, our CLI", "s", rounds, None, 0.10)
        results.append(take_turns(row, sides, functools.partial(_by_own, network)))
    return results


def _by_docker(network: str, side: Side) -> float:
    return _once(side, side.docker, network)


def _by_own(network: str, side: Side) -> float:
    return _once(side, side.own_cli if side.name == "ours" else side.docker, network)


def _once(side: Side, program: str, network: str) -> float:
    """The seconds of one run; its container says something, so that an engine that runs nothing is found out."""
    options = [] if network == "default" else ["--network", network]
    name = side.fresh_name()
    return side.timed(
        [program, "run", "--rm", "--name", name, *options, side.image, "echo", name], f"{name}\n".encode()
    )
