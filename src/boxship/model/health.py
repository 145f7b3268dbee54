"""What is known of a container's health: the status and the results of the last checks."""

from typing import Literal

import msgspec

HealthStatus = Literal["starting", "healthy", "unhealthy"]


class HealthResult(msgspec.Struct, frozen=True, kw_only=True):
    """One check. Times are nanoseconds since the epoch. exit_code: -1 when it did not start or took too long."""

    start_ns: int
    end_ns: int
    exit_code: int
    output: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """failing_streak: failures without a success between them. log: the last results, the oldest first."""

    status: HealthStatus = "starting"
    failing_streak: int = 0
    log: tuple[HealthResult, ...] = ()
