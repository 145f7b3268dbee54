"""The STATUS column."""

import pytest

from boxship.engine.container.status import status_text
from boxship.lib.durations import exact_duration, human_duration
from boxship.model.container import ContainerState
from boxship.model.health import Health

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "Less than a second"),
        (0.9, "Less than a second"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "About a minute"),
        (119, "About a minute"),
        (120, "2 minutes"),
        (3599, "59 minutes"),
        (3600, "About an hour"),
        (2 * 3600, "2 hours"),
        (47 * 3600, "47 hours"),
        (48 * 3600, "2 days"),
        (13 * 86400, "13 days"),
        (14 * 86400, "2 weeks"),
        (59 * 86400, "8 weeks"),
        (60 * 86400, "2 months"),
        (729 * 86400, "24 months"),
        (730 * 86400, "2 years"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (ContainerState(), "Created"),
        (ContainerState(exit_code=127, error="no"), "Created"),
        (ContainerState(phase="running", started_ns=SECOND), "Up 9 seconds"),
        (ContainerState(phase="exited", finished_ns=8 * SECOND, exit_code=3), "Exited (3) 2 seconds ago"),
        (ContainerState(phase="restarting", finished_ns=9 * SECOND, exit_code=1), "Restarting (1) 1 second ago"),
    ],
)
def test_states(state: ContainerState, text: str) -> None:
    assert status_text(state, 10 * SECOND) == text


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (1_250_000, "1.25ms"),
        (200_000_000, "200ms"),
        (SECOND, "1s"),
        (90 * SECOND, "1m30s"),
        (3600 * SECOND, "1h0m0s"),
        (3661 * SECOND + 1_000_000, "1h1m1.001s"),
    ],
)
def test_exact_durations(ns: int, text: str) -> None:
    assert exact_duration(ns) == text


@pytest.mark.parametrize(
    ("health", "text"),
    [
        (Health(), "Up 9 seconds (health: starting)"),
        (Health(status="healthy"), "Up 9 seconds (healthy)"),
        (Health(status="unhealthy"), "Up 9 seconds (unhealthy)"),
    ],
)
def test_health(health: Health, text: str) -> None:
    state = ContainerState(phase="running", started_ns=SECOND, health=health)
    assert status_text(state, 10 * SECOND) == text
