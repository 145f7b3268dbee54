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
_SIZE = MEGABYTES * 1_000_000 // len(_LINE) * len(_LINE)
_SCRIPT = f"yes {_LINE.strip()} | head -c {_SIZE}"


def logs(sides: Sequence[Side], rounds: int) -> list[Result]:
    """Megabytes a second, with each engine's default driver and with `local` on both."""
    results = []
    for driver in ("default", "local"):
        kept = f"log driver {driver}"
        write = Row(f"log-write-{driver}", f"write {MEGABYTES} MB, {kept}", "MB/s", rounds, better="more")
        read = Row(f"log-read-{driver}", f"docker logs of them, {kept}", "MB/s", rounds, better="more")
        say(f"{write.title}, and read ")
        written: dict[str, list[float]] = {side.name: [] for side in sides}
        got: dict[str, list[float]] = {side.name: [] for side in sides}
        try:
            for _ in range(rounds):
                for side in sides:
                    seconds_writing, seconds_reading = _once(side, driver)
                    written[side.name].append(_SIZE / 1e6 / seconds_writing)
                    got[side.name].append(_SIZE / 1e6 / seconds_reading)
                say(".")
        except MeasurementFailed as error:
            say(" failed\n")
            results += [failed(write, str(error)), failed(read, str(error))]
            continue
        say("\n")
        results += [result(write, written), result(read, got)]
    return results


def _once(side: Side, driver: str) -> tuple[float, float]:
    name = side.fresh_name()
    options = [] if driver == "default" else ["--log-driver", driver, "--log-opt", "max-size=200m"]
    try:
        side.run(
            [side.docker, "create", "--network", "none", "--name", name, *options, side.image, "sh", "-c", _SCRIPT]
        )
        begin = time.perf_counter()
        with side.api() as api:
            api.call("POST", f"/containers/{name}/start")
            code = api.call("POST", f"/containers/{name}/wait")["StatusCode"]
        writing = time.perf_counter() - begin
        if code:
            raise MeasurementFailed(f"the writer on {side.name} ended with {code}")
        begin = time.perf_counter()
        _read_back(side, name, _LINE.encode())
        return writing, time.perf_counter() - begin
    finally:
        side.remove([name])


def _read_back(side: Side, name: str, line: bytes) -> None:
    """Read the log with the docker CLI; every byte counts."""
    client = side.spawn([side.docker, "logs", name])
    assert client.stdout is not None
    assert client.stderr is not None
    size = 0
    first = b""
    while piece := os.read(client.stdout.fileno(), 1 << 20):
        first = first or piece[: len(line)]
        size += len(piece)
    said = client.stderr.read().decode(errors="replace")
    client.stdout.close()
    client.stderr.close()
    if client.wait() or size != _SIZE or not line.startswith(first[: len(line)]):
        raise MeasurementFailed(f"docker logs on {side.name} gave {size} of {_SIZE} bytes {said}")
