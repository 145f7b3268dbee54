"""Whether a container comes back after an exit, and when (pure)."""

from boxship.model.config import RestartPolicy
from boxship.model.container import ContainerState

FIRST_BACKOFF_NS = 100_000_000
LONGEST_BACKOFF_NS = 60_000_000_000
HEALTHY_RUN_NS = 10_000_000_000
"""A run this long was no crash loop: the pauses begin anew."""


def comes_back(policy: RestartPolicy, exit_code: int, restart_count: int, *, manually_stopped: bool) -> bool:
    """What the policy says of an exit. restart_count: how often it has been restarted since the last start by hand."""
    match policy.name:
        case "always":
            return True
        case "unless-stopped":
            return not manually_stopped
        case "on-failure":
            limit = policy.maximum_retry_count
            return exit_code != 0 and (limit == 0 or restart_count < limit)
    return False


def next_backoff(previous_ns: int, ran_ns: int) -> int:
    """The pause before the next try, in nanoseconds: doubled each time, from 100 ms to a minute."""
    if previous_ns == 0 or ran_ns >= HEALTHY_RUN_NS:
        return FIRST_BACKOFF_NS
    return min(previous_ns * 2, LONGEST_BACKOFF_NS)


def starts_at_boot(policy: RestartPolicy, state: ContainerState) -> bool:
    """Whether a container that does not run when the daemon starts is started then.

    "always" means it even when a person stopped it, "on-failure" does not; one that never ran is left alone.
    """
    if state.started_ns == 0 or (policy.name == "on-failure" and state.manually_stopped):
        return False
    return comes_back(policy, state.exit_code, state.restart_count, manually_stopped=state.manually_stopped)
