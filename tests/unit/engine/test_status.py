"""The STATUS column."""

import pytest

from boxship.engine.container.status import status_text
from boxship.lib.durations import human_duration
from boxship.model.container import ContainerState

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
