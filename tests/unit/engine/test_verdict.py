"""What health checks' results mean."""

from hypothesis import given
from hypothesis import strategies as st

from boxship.engine.supervise.verdict import KEPT, begun, check_command, ended, judged, pause_ns
from boxship.model.config import ContainerConfig, HealthConfig
from boxship.model.health import Health, HealthResult

SECOND = 1_000_000_000


def result(code: int, at: int = 100 * SECOND) -> HealthResult:
    return HealthResult(start_ns=at, end_ns=at + 1, exit_code=code, output="")


def with_test(*test: str, shell: list[str] | None = None) -> ContainerConfig:
    return ContainerConfig(image="x", healthcheck=HealthConfig(test=list(test)), shell=shell)


def test_commands() -> None:
    assert check_command(ContainerConfig(image="x")) == []
    assert check_command(with_test()) == []
    assert check_command(with_test("NONE")) == []
    assert check_command(with_test("CMD")) == []
    assert check_command(with_test("CMD", "a", "b c")) == ["a", "b c"]
    assert check_command(with_test("CMD-SHELL", "a b")) == ["/bin/sh", "-c", "a b"]
    assert check_command(with_test("CMD-SHELL", "a b", shell=["/bin/ash", "-ec"])) == ["/bin/ash", "-ec", "a b"]
    assert check_command(with_test("OTHER", "a")) == []


@given(st.lists(st.integers(-1, 255), max_size=30), st.integers(0, 6), st.integers(0, 5))
def test_the_streak_decides(codes: list[int], retries: int, spared: int) -> None:
    """spared: so many seconds of start period, with a check a second."""
    config = HealthConfig(test=["CMD", "x"], retries=retries, start_period=spared * SECOND)
    health = Health()
    streak, well = 0, False
    for number, code in enumerate(codes):
        health = judged(config, health, result(code, number * SECOND), 0)
        if code == 0:
            streak, well = 0, True
        elif well or number >= spared:
            streak += 1
            # Unhealthy is no longer "starting": what fails in the start period counts from then on.
            well = well or streak >= (retries or 3)
        assert health.failing_streak == streak
        assert [entry.exit_code for entry in health.log] == codes[: number + 1][-KEPT:]
        if streak >= (retries or 3):
            assert health.status == "unhealthy"
        elif code == 0:
            assert health.status == "healthy"


def test_a_run_begins_anew_with_the_old_log() -> None:
    before = Health(status="unhealthy", failing_streak=4, log=(result(1),))
    assert begun(with_test("CMD", "x"), before) == Health(log=(result(1),))
    assert begun(with_test("NONE"), None) is None
    assert ended(None) is None
    assert ended(Health(status="healthy", log=(result(0),))) == Health(status="unhealthy", log=(result(0),))


def test_pauses() -> None:
    config = HealthConfig(test=["CMD", "x"], interval=10 * SECOND, start_period=60 * SECOND, start_interval=SECOND)
    start = 1000 * SECOND
    assert pause_ns(config, Health(), start, start) == SECOND
    assert pause_ns(config, Health(), start, start + 60 * SECOND) == 0
    assert pause_ns(config, Health(status="healthy"), start, start) == 10 * SECOND
    late = Health(status="healthy", log=(result(0, start + 5 * SECOND),))
    assert pause_ns(config, late, start, start + 6 * SECOND) == 9 * SECOND + 1
    # The clock was set back by a day.
    assert pause_ns(config, late, start, start - 86400 * SECOND) == 10 * SECOND
    plain = HealthConfig(test=["CMD", "x"])
    assert pause_ns(plain, Health(), start, start) == 30 * SECOND
    assert pause_ns(HealthConfig(start_period=SECOND), Health(), start, start) == 5 * SECOND
