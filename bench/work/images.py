"""`docker load`, `save`, `rmi`, the first run of a fresh image, and `commit`, by the docker CLI."""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import imagery
from bench.errors import MeasurementFailed
from bench.measure import Result, Row, failed, result, say, take_turns
from bench.side import Side
from bench.work.pull import IMAGES

_TITLES = {"a": "one layer", "b": "eight layers"}
# What is measured in one round of one image, in this order: title, gate, goal.
_STEPS = {
    "load": ("load", 0.25, 0.15),
    "first": ("first run of what was loaded", None, None),
    "second": ("second run", None, None),
    "save": ("save", 0.3, 0.2),
    "rmi": ("rmi", 0.4, 0.1),
}
_CHANGED, _EACH = 1000, 13_000


def images(sides: Sequence[Side], rounds: int) -> list[Result]:
    """Images a and b of the measurements of pull, over a layer with a shell; then a commit of many changed files."""
    say("making the images ")
    made = imagery.make(IMAGES)
    say("\n")
    results: list[Result] = []
    for name, title in _TITLES.items():
        note = f"{name}: {made[name].files} files, {made[name].tar_bytes / 1e6:.0f} MB; files on {IMAGES.parent}"
        rows = {
            step: Row(f"{step}-{name}", f"{words}, {title}", "s", rounds, gate, goal, note=note)
            for step, (words, gate, goal) in _STEPS.items()
        }
        try:
            results += _measure(sides, rounds, made[name], rows)
        except (MeasurementFailed, OSError) as error:
            say(" failed\n")
            results += [failed(row, str(error)) for row in rows.values()]
    results.append(_commit(sides, rounds))
    return results


def _measure(sides: Sequence[Side], rounds: int, image: imagery.Image, rows: dict[str, Row]) -> list[Result]:
    name = f"bench-{os.getpid()}-{image.name}:1"
    samples: dict[str, dict[str, list[float]]] = {step: {side.name: [] for side in sides} for step in rows}
    archive = IMAGES / f"{image.name}.archive.tar"
    try:
        _archive(archive, sides[0], image, name)
        say(f"load, run, save, rmi of {image.name} ")
        for number in range(-1, rounds):
            for side in sides if number % 2 else reversed(sides):
                took = _round(side, archive, name)
                if number >= 0:
                    for step, seconds in took.items():
                        samples[step][side.name].append(seconds)
            say(".")
        say("\n")
    finally:
        archive.unlink(missing_ok=True)
    return [result(row, samples[step]) for step, row in rows.items()]


def _round(side: Side, archive: Path, name: str) -> dict[str, float]:
    saved = archive.with_name(f"{archive.name}.{side.name}")
    run = [side.docker, "run", "--rm", "--network", "none", name, "true"]
    took = {"load": side.timed([side.docker, "load", "-q", "-i", str(archive)])}
    try:
        took["first"], took["second"] = side.timed(run), side.timed(run)
        took["save"] = side.timed([side.docker, "save", "-o", str(saved), name])
    finally:
        saved.unlink(missing_ok=True)
        took["rmi"] = side.timed([side.docker, "rmi", name])
    # What the removal has left to write, and what the other side is to find quiet.
    os.sync()
    return took


def _archive(path: Path, side: Side, image: imagery.Image, name: str) -> None:
    """An archive as `docker save` of before version 25 wrote it: the shell's layer, then the image's."""
    shell = _shell(side)
    digest = imagery.digest_of(shell)
    config = json.loads(image.config)
    config["config"]["Env"] = ["PATH=/bin"]
    config["rootfs"]["diff_ids"] = [digest, *(tar.digest for tar in image.tars)]
    config["history"] = [{"created": config["created"]} for _ in config["rootfs"]["diff_ids"]]
    layers = ["shell.tar", *(tar.path.name for tar in image.tars)]
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": layers}]
    with tarfile.open(path, "w") as tar:
        for member, data in (("config.json", json.dumps(config).encode()), ("shell.tar", shell)):
            _add(tar, member, data)
        for one in image.tars:
            tar.add(one.path, one.path.name)
        _add(tar, "manifest.json", json.dumps(manifest).encode())


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def _shell(side: Side) -> bytes:
    """The files of the image that all containers are made of, as a layer."""
    container = side.fresh_name()
    side.run([side.docker, "create", "--name", container, side.image, "true"])
    try:
        return side.run([side.docker, "export", container])
    finally:
        side.remove([container])


def _commit(sides: Sequence[Side], rounds: int) -> Result:
    note = f"{_CHANGED} files of {_EACH / 1000:.0f} kB, the container runs and is paused meanwhile"
    row = Row("commit", "commit of 1,000 changed files", "s", rounds, 0.35, 0.2, note=note)
    names = {side.name: side.fresh_name() for side in sides}
    script = (
        f"mkdir /changed; cd /changed; i=0; while [ $i -lt {_CHANGED} ]; do "
        f"head -c {_EACH} /bin/busybox > $i; i=$((i+1)); done; echo made; exec sleep 3600"
    )
    try:
        for side in sides:
            options = ["-d", "--name", names[side.name], "--network", "none"]
            side.run([side.docker, "run", *options, side.image, "sh", "-c", script])
        for side in sides:
            while b"made" not in side.run([side.docker, "logs", names[side.name]]):
                time.sleep(0.1)
        return take_turns(row, sides, lambda side: _commit_once(side, names[side.name]))
    except MeasurementFailed as error:
        return failed(row, str(error))
    finally:
        for side in sides:
            side.remove([names[side.name]])


def _commit_once(side: Side, container: str) -> float:
    image = f"{container}:made"
    seconds = side.timed([side.docker, "commit", container, image])
    side.run([side.docker, "rmi", image])
    return seconds
