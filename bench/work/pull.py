"""`docker pull` from a registry on the loopback, by the docker CLI."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench import imagery
from bench.errors import MeasurementFailed
from bench.measure import Result, Row, failed, say, take_turns
from bench.registry import Registry
from bench.side import Side

IMAGES = Path("/var/tmp/boxship-bench-images")
_TITLES = {"a": "one layer", "b": "eight layers", "c": "forty small layers"}


def pull(sides: Sequence[Side], rounds: int) -> list[Result]:
    """Images a, b and c; each is removed before it is pulled again."""
    rows = {name: Row(f"pull-{name}", f"pull, {title}", "s", rounds, 0.2, 0.12) for name, title in _TITLES.items()}
    say("making the images ")
    images = imagery.make(IMAGES)
    say("\n")
    results = []
    try:
        with Registry(sides[0].through) as registry:
            for name, row in rows.items():
                image = images[name]
                reference = registry.put(f"bench-{os.getpid()}/{name}", image)
                note = (
                    f"{name}: {image.files} files, {image.tar_bytes / 1e6:.0f} MB as tar, "
                    f"{image.blob_bytes / 1e6:.0f} MB as gzip; each engine's store lies on its own file system"
                )
                noted = Row(row.key, row.title, row.unit, rounds, row.gate, row.goal, note=note)
                results.append(take_turns(noted, sides, partial(_once, reference, image)))
    except (MeasurementFailed, OSError) as error:
        results += [failed(row, str(error)) for row in list(rows.values())[len(results) :]]
    return results


def _once(reference: str, image: imagery.Image, side: Side) -> float:
    _must_be_new(image, side)
    seconds = side.timed([side.docker, "pull", "-q", reference])
    side.run([side.docker, "rmi", reference])
    # What the removal has left to write, and what the other side's pull is to find quiet.
    os.sync()
    return seconds


def _must_be_new(image: imagery.Image, side: Side) -> None:
    """MeasurementFailed where the engine has layers of the image: it would not fetch them."""
    layers = {tar.digest for tar in image.tars}
    with side.api() as api:
        for known in api.call("GET", "/images/json?all=1"):
            body = api.call("GET", f"/images/{known['Id']}/json")
            if layers & set(body["RootFS"].get("Layers") or ()):
                names = ", ".join(known["RepoTags"] or [known["Id"]])
                raise MeasurementFailed(f"{side.name} has layers of image {image.name} already, in {names}: remove it")
