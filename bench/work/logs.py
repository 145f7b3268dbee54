"""A container that writes as fast as it can: until it has ended, and until all of it has been read back."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from bench.errors import MeasurementFailed
from bench.measure import Result, Row, failed, result, say
from bench.side import Side

MEGABYTES = 64
_LINE = "0123456789" * 7 + "12345678\n"
_BLOCKS = 16
_BLOCK = MEGABYTES * 1_000_000 // _BLOCKS // len(_LINE) * len(_LINE)
_SIZE = _BLOCKS * _BLOCK
# cat writes faster than any of the engines takes it; yes would be what is measured.
_SCRIPT = f"yes {_LINE.strip()} | head -c {_BLOCK} >/tmp/block; for _ in $(seq {_BLOCKS}); do cat /tmp/block; done"


def logs(sides: Sequence[Side], rounds: int) -> list[Result]:
    """Megabytes a second, with each engine's default driver and with `local` on both."""
    results = []
    for driver in ("default", "local"):
        rows = [
            Row(f"log-write-{driver}", f"write {MEGABYTES} MB, log driver {driver}", "MB/s", rounds, better="more"),
            Row(f"log-api-{driver}", f"read them by the API, {driver}", "MB/s", rounds, better="more"),
            Row(f"log-docker-{driver}", f"docker logs of them, {driver}", "MB/s", rounds, better="more"),
        ]
        say(f"{rows[0].title}, and read ")
        samples: list[dict[str, list[float]]] = [{side.name: [] for side in sides} for _ in rows]
        try:
            for _ in range(rounds):
                for side in sides:
                    for kept, seconds in zip(samples, _once(side, driver), strict=True):
                        kept[side.name].append(_SIZE / 1e6 / seconds)
                say(".")
        except (MeasurementFailed, OSError) as error:
            say(" failed\n")
            results += [failed(row, str(error)) for row in rows]
            continue
        say("\n")
        results += [result(row, kept) for row, kept in zip(rows, samples, strict=True)]
    return results


def _once(side: Side, driver: str) -> tuple[float, float, float]:
    """Seconds until the writer has ended, and to read everything back by the API and by the docker CLI."""
    name = side.fresh_name()
    options = [] if driver == "default" else ["--log-driver", driver, "--log-opt", "max-size=200m"]
    create = [side.docker, "create", "--network", "none", "--name", name, *options]
    try:
        side.run([*create, side.image, "sh", "-c", _SCRIPT])
        begin = time.perf_counter()
        with side.api() as api:
            api.call("POST", f"/containers/{name}/start")
            code = api.call("POST", f"/containers/{name}/wait")["StatusCode"]
        writing = time.perf_counter() - begin
        if code:
            raise MeasurementFailed(f"the writer on {side.name} ended with {code}")
        begin = time.perf_counter()
        _read_by_api(side, name)
        by_api = time.perf_counter() - begin
        begin = time.perf_counter()
        _read_by_docker(side, name)
        return writing, by_api, time.perf_counter() - begin
    finally:
        side.remove([name])


def _read_by_api(side: Side, name: str) -> None:
    """Every byte counts, and the eight before each line of a multiplexed stream."""
    with side.api() as api:
        size = sum(len(piece) for piece in api.pieces(f"/containers/{name}/logs?stdout=1&stderr=1"))
    expected = _SIZE + 8 * (_SIZE // len(_LINE))
    if size != expected:
        raise MeasurementFailed(f"the API of {side.name} gave {size} bytes of logs, not {expected}")


def _read_by_docker(side: Side, name: str) -> None:
    client = side.spawn([side.docker, "logs", name])
    assert client.stdout is not None
    assert client.stderr is not None
    size = 0
    first = b""
    while piece := os.read(client.stdout.fileno(), 1 << 20):
        first = first or piece[: len(_LINE)]
        size += len(piece)
    said = client.stderr.read().decode(errors="replace")
    client.stdout.close()
    client.stderr.close()
    if client.wait() or size != _SIZE or not _LINE.encode().startswith(first):
        raise MeasurementFailed(f"docker logs on {side.name} gave {size} of {_SIZE} bytes {said}")
