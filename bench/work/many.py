"""Many containers started at once, by as many clients."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.errors import MeasurementFailed
from bench.measure import Result, Row, take_turns
from bench.side import Side

COUNT = 50


def many(sides: Sequence[Side], rounds: int) -> list[Result]:
    """From the first client's start until each of the containers is known to run; without a network."""
    rows = (
        (Row("many-docker", f"{COUNT} at once, docker CLI", "s", rounds, 0.25, 0.20), by_cli),
        (Row("many-api", f"{COUNT} at once, API clients", "s", rounds, None, 0.10), by_api),
    )
    return [take_turns(row, sides, work) for row, work in rows]


def by_cli(side: Side) -> float:
    """`docker run -d`, all of them started before one is waited for."""
    names = [side.fresh_name() for _ in range(COUNT)]
    begin = time.perf_counter()
    clients = [
        side.spawn([side.docker, "run", "-d", "--network", "none", "--name", name, side.image, "sleep", "3600"])
        for name in names
    ]
    said = [client.communicate() for client in clients]
    seconds = time.perf_counter() - begin
    bad = [err for client, (_, err) in zip(clients, said, strict=True) if client.returncode]
    return _checked(side, names, seconds, bad[0].decode(errors="replace") if bad else "")


def by_api(side: Side) -> float:
    """Create and start over connections that are open already, a thread each."""
    names = [side.fresh_name() for _ in range(COUNT)]
    config = {"Image": side.image, "Cmd": ["sleep", "3600"], "HostConfig": {"NetworkMode": "none"}}
    apis = [side.api() for _ in names]
    for api in apis:
        api.call("GET", "/version")

    def start(index: int) -> None:
        apis[index].call("POST", f"/containers/create?name={names[index]}", config)
        apis[index].call("POST", f"/containers/{names[index]}/start")

    with ThreadPoolExecutor(COUNT) as threads:
        begin = time.perf_counter()
        errors = [future.exception() for future in [threads.submit(start, index) for index in range(COUNT)]]
        seconds = time.perf_counter() - begin
    for api in apis:
        api.close()
    bad = [str(error) for error in errors if error]
    return _checked(side, names, seconds, bad[0] if bad else "")


def _checked(side: Side, names: list[str], seconds: float, error: str) -> float:
    """The time, when all of them run. They are removed in any case."""
    with side.api() as api:
        running = {name.lstrip("/") for entry in api.call("GET", "/containers/json") for name in entry["Names"]}
    missing = set(names) - running
    side.remove(names)
    if error or missing:
        raise MeasurementFailed(f"{len(missing)} of {len(names)} containers do not run on {side.name}: {error}")
    return seconds
