"""`docker cp` of one big file into a container and out of it, whole commands."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.errors import MeasurementFailed
from bench.measure import Result, Row, take_turns
from bench.side import Side

MEGABYTES = 200
_BLOCK = 1 << 20


def copy(sides: Sequence[Side], rounds: int) -> list[Result]:
    """Into a container that has not run; what comes out is what went in."""
    with tempfile.TemporaryDirectory(prefix="boxship-bench-", dir="/var/tmp") as folder:
        source = Path(folder, "file")
        # Nothing that a compressor, or a file system with holes, could make short work of.
        block = os.urandom(_BLOCK)
        with source.open("wb") as file:
            for _ in range(MEGABYTES):
                file.write(block)
        results = []
        for key, title, once in (("in", "into a container", _into), ("out", "out of a container", _out)):
            row = Row(f"cp-{key}", f"docker cp of {MEGABYTES} MB {title}", "s", rounds, goal=1.0)
            results.append(take_turns(row, sides, functools.partial(once, source)))
        return results


def _into(source: Path, side: Side) -> float:
    name = _container(side)
    try:
        return side.timed([side.docker, "cp", "--quiet", str(source), f"{name}:/file"])
    finally:
        side.remove([name])


def _out(source: Path, side: Side) -> float:
    name = _container(side)
    target = source.with_name("copy")
    try:
        side.run([side.docker, "cp", "--quiet", str(source), f"{name}:/file"])
        seconds = side.timed([side.docker, "cp", "--quiet", f"{name}:/file", str(target)])
        if target.stat().st_size != source.stat().st_size:
            raise MeasurementFailed(f"docker cp on {side.name}: {target.stat().st_size} bytes came back")
        return seconds
    finally:
        target.unlink(missing_ok=True)
        side.remove([name])


def _container(side: Side) -> str:
    name = side.fresh_name()
    side.run([side.docker, "create", "--network", "none", "--name", name, side.image, "true"])
    return name
