"""What a health check's results mean, by the rules of the Dockerfile reference (HEALTHCHECK). Pure."""

import msgspec

from boxship.model.config import ContainerConfig, HealthConfig
from boxship.model.health import Health, HealthResult

INTERVAL_NS = 30_000_000_000
TIMEOUT_NS = 30_000_000_000
START_INTERVAL_NS = 5_000_000_000
RETRIES = 3
KEPT = 5
"""How many results are kept."""

_SHELL = ["/bin/sh", "-c"]


def check_command(config: ContainerConfig) -> list[str]:
    """The command of a container's health check; [] for none."""
    match (config.healthcheck.test if config.healthcheck is not None else None) or []:
        case ["CMD", *command]:
            return command
        case ["CMD-SHELL", *command]:
            return [*(config.shell or _SHELL), *command]
    return []


def begun(config: ContainerConfig, before: Health | None) -> Health | None:
    """The health at the start of a run: nothing is known yet, but what was found in the run before can be read."""
    if not check_command(config):
        return before
    return Health(log=before.log if before is not None else ())


def ended(health: Health | None) -> Health | None:
    """The health while nothing is checked, as Docker has it: of a container that has ended, or is paused."""
    return msgspec.structs.replace(health, status="unhealthy") if health is not None else None


def judged(config: HealthConfig, health: Health, result: HealthResult, started_ns: int) -> Health:
    """The health after one more result. started_ns: when the run began; failures in the start period do not count,
    until there was a success.
    """
    log = (*health.log, result)[-KEPT:]
    if result.exit_code == 0:
        return Health(status="healthy", log=log)
    if health.status == "starting" and result.start_ns - started_ns < config.start_period:
        return msgspec.structs.replace(health, log=log)
    streak = health.failing_streak + 1
    failed = streak >= (config.retries or RETRIES)
    return Health(status="unhealthy" if failed else health.status, failing_streak=streak, log=log)


def pause_ns(config: HealthConfig, health: Health, started_ns: int, now_ns: int) -> int:
    """The time until the next check: an interval after the start or after the end of the last one."""
    young = health.status == "starting" and now_ns - started_ns < config.start_period
    interval = (config.start_interval or START_INTERVAL_NS) if young else (config.interval or INTERVAL_NS)
    last = max(started_ns, health.log[-1].end_ns if health.log else 0)
    # The clock may have been set back meanwhile.
    return min(interval, max(0, last + interval - now_ns))
