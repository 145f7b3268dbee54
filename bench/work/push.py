"""`docker push` to an empty registry on the loopback, by the docker CLI."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

from bench import imagery
from bench.errors import MeasurementFailed
from bench.measure import Result, Row, failed, say, take_turns
from bench.registry import Registry
from bench.side import Side
from bench.work.pull import IMAGES

_TITLES = {"a": "one layer", "b": "eight layers", "c": "forty small layers"}


def push(sides: Sequence[Side], rounds: int) -> list[Result]:
    """Images a, b and c, each round to a registry that has nothing: all of it is compressed and sent."""
    rows = {name: Row(f"push-{name}", f"push, {title}", "s", rounds, 0.3, 0.15) for name, title in _TITLES.items()}
    say("making the images ")
    images = imagery.make(IMAGES)
    say("\n")
    results = []
    try:
        for name, row in rows.items():
            image = images[name]
            with Registry(sides[0].through) as source:
                reference = source.put(f"bench-{os.getpid()}/{name}", image)
                for side in sides:
                    side.run([side.docker, "pull", "-q", reference])
            note = (
                f"{name}: {image.files} files, {image.tar_bytes / 1e6:.0f} MB as tar; pulled from another registry "
                "before, so that each engine looks for those blobs first"
            )
            noted = Row(row.key, row.title, row.unit, rounds, row.gate, row.goal, note=note)
            try:
                results.append(take_turns(noted, sides, partial(_once, reference)))
            finally:
                for side in sides:
                    side.run([side.docker, "rmi", reference])
    except (MeasurementFailed, OSError) as error:
        results += [failed(row, str(error)) for row in list(rows.values())[len(results) :]]
    return results


def _once(reference: str, side: Side) -> float:
    with Registry(side.through) as empty:
        target = f"{empty.host}/{reference.partition('/')[2]}"
        side.run([side.docker, "tag", reference, target])
        # What the last push has left to write.
        os.sync()
        try:
            return side.timed([side.docker, "push", "-q", target])
        finally:
            side.run([side.docker, "rmi", target])
