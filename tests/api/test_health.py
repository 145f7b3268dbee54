"""Health checks over what may happen to the daemon, and what is left of them."""

import os
import time
from pathlib import Path
from typing import Any

from tests.api.test_lifecycle import create, post, state, until
from tests.support.api import Api
from tests.support.engine import Engine

SOON = 100_000_000
LATE = 3_600_000_000_000


def checked(api: Api, name: str, command: str, **more: int) -> int:
    """A running container with a check by the shell; its first process."""
    health = {"Test": ["CMD-SHELL", command], "Interval": SOON, **more}
    create(api, name, "sleep", "600", Healthcheck=health)
    assert post(api, f"/containers/{name}/start").status == 204
    pid: int = state(api, name)["Pid"]
    return pid


def health(api: Api, name: str) -> dict[str, Any]:
    found: dict[str, Any] = state(api, name)["Health"]
    return found


def sleepers(pid: int, seconds: int) -> set[int]:
    """The processes `sleep SECONDS` that share a pid namespace with `pid`."""
    wanted = os.readlink(f"/proc/{pid}/ns/pid")
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = f"sleep\0{seconds}\0".encode()
            if os.readlink(entry / "ns/pid") == wanted and (entry / "cmdline").read_bytes() == command:
                found.add(int(entry.name))
        except OSError:
            continue
    return found


def test_what_was_known_outlives_the_daemon(fresh_engine: Engine) -> None:
    """Killed or told to end: the container is what it was, and the checks go on."""
    api = fresh_engine.api
    checked(api, "well", "test ! -e /ill", Retries=1)
    until(lambda: health(api, "well")["Status"] == "healthy", "the first result")
    fresh_engine.kill()
    fresh_engine.start()
    assert health(api, "well")["Status"] == "healthy"
    known = health(api, "well")["Log"][-1]["Start"]
    until(lambda: health(api, "well")["Log"][-1]["Start"] > known, "another check")
    fresh_engine.terminate()
    fresh_engine.start()
    assert health(api, "well")["Status"] == "healthy"
    pid = state(api, "well")["Pid"]
    Path(f"/proc/{pid}/root/ill").touch()
    until(lambda: health(api, "well")["Status"] == "unhealthy", "the bad news")


def test_a_check_that_is_under_way_ends_with_its_daemon(fresh_engine: Engine) -> None:
    """Nobody else would ever end one that hangs."""
    api = fresh_engine.api
    pid = checked(api, "hangs", "sleep 1234", Timeout=LATE)
    until(lambda: bool(sleepers(pid, 1234)), "a check")
    fresh_engine.kill()
    old = sleepers(pid, 1234)
    assert old
    fresh_engine.start()
    until(lambda: not old & sleepers(pid, 1234), "the end of what the killed daemon had begun")
    until(lambda: bool(sleepers(pid, 1234)), "a check by the new daemon")
    fresh_engine.terminate()
    assert not sleepers(pid, 1234)
    fresh_engine.start()


def test_a_check_takes_its_children_along(api: Api, name: str) -> None:
    pid = checked(api, name, "sleep 4321 & sleep 4321; true", Timeout=10 * SOON, Interval=10 * SOON)
    until(lambda: len(sleepers(pid, 4321)) == 2, "a check")
    begun = sleepers(pid, 4321)
    until(lambda: bool(health(api, name)["Log"]), "its result")
    assert health(api, name)["Log"][0]["ExitCode"] == -1
    until(lambda: not begun & sleepers(pid, 4321), "their end")


def test_checks_leave_nothing_behind(api: Api, name: str) -> None:
    """Not in the daemon, and not in the monitor: a container may be checked for years."""
    create(api, name, "sleep", "600", Healthcheck={"Test": ["CMD", "true"], "Interval": 1_000_000})
    post(api, f"/containers/{name}/start")
    until(lambda: health(api, name)["Status"] == "healthy", "the first result")
    first = health(api, name)["Log"][-1]["Start"]
    until(lambda: health(api, name)["Log"][0]["Start"] > first, "more checks")
    assert len(health(api, name)["Log"]) == 5
    assert len(api.request("GET", f"/containers/{name}/json").json["ExecIDs"] or []) <= 1


def test_a_check_does_not_run_while_paused(api: Api, name: str) -> None:
    checked(api, name, "true")
    until(lambda: health(api, name)["Status"] == "healthy", "the first result")
    post(api, f"/containers/{name}/pause")
    known = health(api, name)
    assert known["Status"] == "unhealthy"
    time.sleep(0.4)
    assert health(api, name) == known
    post(api, f"/containers/{name}/unpause")
    until(lambda: health(api, name)["Status"] == "healthy", "another check")


def test_the_command_of_a_check_may_be_missing(api: Api, name: str) -> None:
    """`["CMD"]` alone is no check; it ends Docker's daemon."""
    create(api, name, "sleep", "600", Healthcheck={"Test": ["CMD"], "Interval": SOON})
    assert post(api, f"/containers/{name}/start").status == 204
    time.sleep(0.3)
    assert "Health" not in state(api, name)
