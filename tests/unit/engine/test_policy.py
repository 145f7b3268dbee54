"""Restart policies."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from boxship.engine.supervise.policy import (
    FIRST_BACKOFF_NS,
    HEALTHY_RUN_NS,
    LONGEST_BACKOFF_NS,
    comes_back,
    next_backoff,
    starts_at_boot,
)
from boxship.model.config import RestartPolicy
from boxship.model.container import ContainerState


@given(st.integers(0, 255), st.integers(0, 50), st.booleans())
def test_plain_policies(code: int, count: int, stopped: bool) -> None:
    assert not comes_back(RestartPolicy(name="no"), code, count, manually_stopped=stopped)
    assert comes_back(RestartPolicy(name="always"), code, count, manually_stopped=stopped)
    unless = RestartPolicy(name="unless-stopped")
    assert comes_back(unless, code, count, manually_stopped=stopped) is not stopped


@given(st.integers(0, 255), st.integers(0, 50), st.integers(0, 50))
def test_on_failure(code: int, count: int, limit: int) -> None:
    policy = RestartPolicy(name="on-failure", maximum_retry_count=limit)
    expected = code != 0 and (limit == 0 or count < limit)
    assert comes_back(policy, code, count, manually_stopped=False) is expected


@given(st.lists(st.integers(0, HEALTHY_RUN_NS - 1), max_size=40))
def test_pauses_double_up_to_a_minute(runs: list[int]) -> None:
    pause = 0
    for ran in runs:
        following = next_backoff(pause, ran)
        assert following == (min(pause * 2, LONGEST_BACKOFF_NS) if pause else FIRST_BACKOFF_NS)
        pause = following


def test_a_long_run_begins_anew() -> None:
    assert next_backoff(LONGEST_BACKOFF_NS, HEALTHY_RUN_NS) == FIRST_BACKOFF_NS


def test_at_boot() -> None:
    stopped = ContainerState(phase="exited", started_ns=1, manually_stopped=True)
    assert starts_at_boot(RestartPolicy(name="always"), stopped)
    assert not starts_at_boot(RestartPolicy(name="unless-stopped"), stopped)
    assert not starts_at_boot(RestartPolicy(name="always"), ContainerState())


def test_a_failure_is_tried_again_at_boot_unless_a_person_stopped_it() -> None:
    failed = ContainerState(phase="exited", started_ns=1, exit_code=137)
    policy = RestartPolicy(name="on-failure")
    assert starts_at_boot(policy, failed)
    assert not starts_at_boot(policy, msgspec.structs.replace(failed, manually_stopped=True))
    assert not starts_at_boot(policy, msgspec.structs.replace(failed, exit_code=0))
