"""Memory: of an idle engine, and of what stands behind each container."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bench.errors import MeasurementFailed
from bench.measure import Result, Row, failed, result, say
from bench.processes import container_pids, describe, engine_pids, pss
from bench.side import Side

COUNT = 20
_SETTLE = 2.0
_MIB = 1 << 20


def memory(sides: Sequence[Side], rounds: int) -> list[Result]:
    """PSS in MiB. Measured last: both engines have done the same work by then."""
    idle = Row("idle-pss", "idle engine, PSS", "MiB", 1, 0.4, 0.3)
    each = Row("container-pss", f"per container, PSS, at {COUNT}", "MiB", 1, 0.35, 0.25)
    say("memory ")
    results = []
    for row, work in ((idle, _idle), (each, _per_container)):
        samples: dict[str, list[float]] = {side.name: [] for side in sides}
        try:
            for _ in range(max(rounds, 1)):
                for side in sides:
                    samples[side.name].append(work(side) / _MIB)
                say(".")
        except (MeasurementFailed, OSError) as error:
            results.append(failed(row, str(error)))
            continue
        results.append(result(row, samples))
    say("\n")
    return results


def _idle(side: Side) -> float:
    time.sleep(_SETTLE)
    pids = engine_pids(side)
    if len(pids) < 2:
        raise MeasurementFailed(f"only {describe(pids)} found on {side.name}: two processes were expected")
    return pss(pids)


def _per_container(side: Side) -> float:
    before = set(container_pids(side))
    names = [side.fresh_name() for _ in range(COUNT)]
    config = {"Image": side.image, "Cmd": ["sleep", "3600"], "HostConfig": {"NetworkMode": "none"}}
    try:
        with side.api() as api:
            for name in names:
                api.call("POST", f"/containers/create?name={name}", config)
                api.call("POST", f"/containers/{name}/start")
        time.sleep(_SETTLE)
        pids = [pid for pid in container_pids(side) if pid not in before]
        if len(pids) != COUNT:
            raise MeasurementFailed(f"{len(pids)} processes behind {COUNT} containers on {side.name}")
        return pss(pids) / COUNT
    finally:
        side.remove(names)
