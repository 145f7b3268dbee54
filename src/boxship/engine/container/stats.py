"""docker stats."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.engine.stats.sample import control_group, nothing, sample
from boxship.engine.system.machine import memory_bytes
from boxship.kernel.cgroup import Cgroup
from boxship.lib.bridge import quick
from boxship.lib.errors import InvalidParameter
from boxship.runtime.spec.namespaces import network_is_host

INTERVAL = 1.0
"""Seconds between two readings."""


def stats(engine: Engine, ref: str, *, stream: bool, one_shot: bool) -> AsyncIterator[dict[str, Any]]:
    """The bodies of `GET /containers/{id}/stats`.

    stream: one a second for as long as there is the container, whether it runs or not; else one, after a second, with
    the reading before. one_shot: one at once, without another before. NotFound; InvalidParameter for both.
    """
    if stream and one_shot:
        raise InvalidParameter("cannot have stream=true and one-shot=true")
    container = engine.containers.get(ref)
    if one_shot:
        return _now(engine, container)
    return _readings(engine, container, stream=stream)


async def _now(engine: Engine, container: Container) -> AsyncIterator[dict[str, Any]]:
    reading = await quick(_Meter(engine, container).read)
    # As Docker has it: no names in the one reading of a container that runs.
    yield reading if _runs(reading) else _names(container) | reading


async def _readings(engine: Engine, container: Container, *, stream: bool) -> AsyncIterator[dict[str, Any]]:
    removed = container.removed.add()
    meter = _Meter(engine, container)
    before: dict[str, Any] | None = None
    try:
        while not removed.done():
            reading = await quick(meter.read)
            runs = _runs(reading)
            last = not stream and (before is not None or not runs)
            if runs and before is not None:
                reading |= {"preread": before["read"], "precpu_stats": before["cpu_stats"]}
            if stream or last:
                yield _names(container) | reading
            if last:
                return
            before = reading if runs else None
            await asyncio.wait({removed}, timeout=INTERVAL)
        if not stream:
            # Removed meanwhile.
            yield _names(container) | nothing()
    finally:
        removed.cancel()


def _runs(reading: dict[str, Any]) -> bool:
    return "system_cpu_usage" in reading["cpu_stats"]


def _names(container: Container) -> dict[str, Any]:
    return {"name": f"/{container.name}", "id": container.id}


class _Meter:
    """Reads one container again and again; its control group is looked up once a run."""

    def __init__(self, engine: Engine, container: Container) -> None:
        self._engine = engine
        self._container = container
        self._group: tuple[int, Cgroup] | None = None

    def read(self) -> dict[str, Any]:
        """The figures now (blocks)."""
        container = self._container
        pid = container.state.pid
        if not pid:
            return nothing()
        try:
            if self._group is None or self._group[0] != pid:
                self._group = pid, control_group(self._engine.config.bundle_folder(container.id))
            own_network = not network_is_host(container.record.host)
            return sample(self._group[1], pid, memory_bytes(), own_network=own_network)
        except OSError:
            # It has ended between two lines.
            return nothing()
