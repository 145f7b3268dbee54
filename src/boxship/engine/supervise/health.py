"""Health checks: a command runs in the container again and again, and what it says becomes the container's health."""

import asyncio
import logging

import msgspec

from boxship.engine.container.notify import publish
from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.engine.exec.probe import Outcome, probe
from boxship.engine.supervise.verdict import TIMEOUT_NS, begun, check_command, judged, pause_ns
from boxship.lib.clock import now_ns
from boxship.lib.durations import exact_duration
from boxship.lib.errors import BoxshipError
from boxship.model.config import HealthConfig
from boxship.model.health import HealthResult

log = logging.getLogger("boxship.engine")

_KILLED = 137
LONGEST_OUTPUT = 4096
"""Bytes of a check's output that are kept."""


def begin_checks(engine: Engine, container: Container) -> None:
    """Check a container that runs from now on; nothing to do when it has no check or is paused."""
    end_checks(container)
    config = container.record.config.healthcheck
    if config is None or not check_command(container.record.config) or not container.running or container.paused:
        return
    if container.state.health is None:
        container.set_state(msgspec.structs.replace(container.state, health=begun(container.record.config, None)))
    container.checks = engine.spawn(_check(engine, container, config))


def end_checks(container: Container) -> None:
    """Check no more; a check that is under way is killed."""
    if container.checks is not None:
        container.checks.cancel()
        container.checks = None


async def _check(engine: Engine, container: Container, config: HealthConfig) -> None:
    monitor = container.monitor
    while container.monitor is monitor and (health := container.state.health) is not None:
        await asyncio.sleep(pause_ns(config, health, container.state.started_ns, now_ns()) / 1e9)
        result = await _result(engine, container, config)
        if result.exit_code == _KILLED and monitor is not None:
            # Perhaps with its container, whose end comes next then: that says nothing.
            await asyncio.wait({monitor.exited}, timeout=0.2)
            if monitor.exited.done():
                return
        if container.monitor is monitor and not container.paused:
            await _note(engine, container, config, result)


async def _result(engine: Engine, container: Container, config: HealthConfig) -> HealthResult:
    start_ns = now_ns()
    timeout_ns = config.timeout or TIMEOUT_NS
    command = check_command(container.record.config)
    try:
        outcome = await probe(engine, container, command, timeout=timeout_ns / 1e9, longest=LONGEST_OUTPUT)
    except BoxshipError as error:
        log.debug("the health check of container %s does not run: %s", container.id, error)
        return HealthResult(start_ns=start_ns, end_ns=now_ns(), exit_code=-1, output=error.message)
    code = -1 if outcome.exit_code is None else outcome.exit_code
    output = _text(outcome)
    if outcome.exit_code is None:
        late = f"Health check exceeded timeout ({exact_duration(timeout_ns)})"
        output = f"{late}: {output}" if output else late
    return HealthResult(start_ns=start_ns, end_ns=now_ns(), exit_code=code, output=output)


def _text(outcome: Outcome) -> str:
    """Bytes that are no UTF-8 become one replacement character each, as in Go's JSON."""
    text = outcome.output.decode(errors="surrogateescape")
    text = "".join("\ufffd" if "\udc80" <= letter <= "\udcff" else letter for letter in text)
    return text if outcome.whole else f"{text}..."


async def _note(engine: Engine, container: Container, config: HealthConfig, result: HealthResult) -> None:
    """Only a change of the status is worth a commit; the results are saved with it, or with whatever comes next."""
    before = container.state.health
    if before is None:
        return
    health = judged(config, before, result, container.state.started_ns)
    container.set_state(msgspec.structs.replace(container.state, health=health))
    if health.status != before.status:
        await engine.containers.save(container)
        publish(engine, container, f"health_status: {health.status}")
