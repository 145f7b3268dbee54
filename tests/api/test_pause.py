"""Paused containers: frozen in fact, over a restart of the daemon, and whatever wakes them."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

from tests.api.test_lifecycle import actions, create, post, state, until
from tests.support.api import Api
from tests.support.cli import Cli
from tests.support.engine import Engine

TICKING = ("sh", "-c", "i=0; while :; do i=$((i+1)); echo $i > /ticks; sleep 0.02; done")


def ticks(api: Api, ref: str) -> str:
    """What the container has counted to, read through its root in /proc."""
    return Path(f"/proc/{state(api, ref)['Pid']}/root/ticks").read_text()


def test_nothing_runs_while_paused(api: Api, name: str) -> None:
    create(api, name, *TICKING)
    post(api, f"/containers/{name}/start")
    time.sleep(0.2)
    assert post(api, f"/containers/{name}/pause").status == 204
    before = ticks(api, name)
    time.sleep(0.3)
    assert ticks(api, name) == before
    assert post(api, f"/containers/{name}/unpause").status == 204
    deadline = time.monotonic() + 20
    while ticks(api, name) == before:
        assert time.monotonic() < deadline, "it does not go on"
        time.sleep(0.02)


def test_a_pause_outlives_the_daemon(fresh_engine: Engine) -> None:
    api = fresh_engine.api
    create(api, "frozen", "sleep", "600")
    post(api, "/containers/frozen/start")
    post(api, "/containers/frozen/pause")
    fresh_engine.kill()
    fresh_engine.start()
    found = state(api, "frozen")
    assert (found["Status"], found["Paused"], found["Running"]) == ("paused", True, True)
    assert post(api, "/containers/frozen/pause").status == 409
    assert post(api, "/containers/frozen/unpause").status == 204
    assert state(api, "frozen")["Status"] == "running"
    # Again, and ended while paused.
    post(api, "/containers/frozen/pause")
    fresh_engine.kill()
    fresh_engine.start()
    assert post(api, "/containers/frozen/stop?t=0").status == 204
    assert (state(api, "frozen")["Status"], state(api, "frozen")["Paused"]) == ("exited", False)
    assert post(api, "/containers/frozen/start").status == 204
    assert state(api, "frozen")["Status"] == "running"


def test_what_the_kernel_does_is_believed(fresh_engine: Engine) -> None:
    """A daemon that was killed between the freezing and the record of it."""
    api = fresh_engine.api
    container = create(api, "thawed", "sleep", "600")
    post(api, "/containers/thawed/start")
    post(api, "/containers/thawed/pause")
    fresh_engine.kill()
    _thaw(container)
    fresh_engine.start()
    assert state(api, "thawed")["Status"] == "running"


def test_a_commit_that_its_daemon_did_not_outlive_holds_nothing(fresh_engine: Engine) -> None:
    """What a person has paused stays paused, what a commit held still goes on."""
    api = fresh_engine.api
    health = {"Test": ["CMD", "true"], "Interval": 100_000_000}
    create(api, "ticking", *TICKING, Healthcheck=health)
    post(api, "/containers/ticking/start")
    until(lambda: state(api, "ticking")["Health"]["Status"] == "healthy", "the first check")
    root = Path(f"/proc/{state(api, 'ticking')['Pid']}/root")
    # So that the commit takes a while.
    with (root / "large").open("wb") as file:
        for _ in range(256):
            file.write(os.urandom(1 << 20))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_broken_off, api, "/commit?container=ticking&repo=never")
        until(lambda: state(api, "ticking")["Paused"], "the commit")
        assert state(api, "ticking")["Health"]["Status"] == "healthy"
        fresh_engine.kill()
    fresh_engine.start()
    found = state(api, "ticking")
    assert (found["Status"], found["Health"]["Status"]) == ("running", "healthy")
    before = ticks(api, "ticking")
    until(lambda: ticks(api, "ticking") != before, "the next tick")
    post(api, "/containers/ticking/pause")
    fresh_engine.kill()
    fresh_engine.start()
    assert state(api, "ticking")["Status"] == "paused"


def _broken_off(api: Api, path: str) -> None:
    try:
        post(api, path)
    except (OSError, HTTPException):
        return


def _thaw(container: str) -> None:
    for root in (Path("/sys/fs/cgroup/freezer"), Path("/sys/fs/cgroup")):
        for file, word in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
            for found in root.glob(f"boxship/*/{container}/{file}"):
                found.write_text(word)


def test_a_paused_container_is_counted(fresh_engine: Engine) -> None:
    api = fresh_engine.api
    create(api, "one", "sleep", "600")
    post(api, "/containers/one/start")
    post(api, "/containers/one/pause")
    info = api.request("GET", "/info").json
    counts = [info[f"Containers{kind}"] for kind in ("", "Running", "Paused", "Stopped")]
    assert counts == [1, 0, 1, 0]


def test_killed_while_paused_is_gone(api: Api, name: str) -> None:
    create(api, name, "sleep", "600")
    post(api, f"/containers/{name}/start")
    post(api, f"/containers/{name}/pause")
    assert post(api, f"/containers/{name}/kill").status == 204
    assert state(api, name)["Status"] == "exited"
    assert actions(api, name) == ["create", "start", "pause", "kill", "die"]


def test_an_exec_is_frozen_with_its_container(api: Api, name: str, docker: Cli) -> None:
    create(api, name, "sleep", "600")
    post(api, f"/containers/{name}/start")
    assert docker("exec", "-d", name, *TICKING).code == 0
    time.sleep(0.3)
    post(api, f"/containers/{name}/pause")
    before = ticks(api, name)
    time.sleep(0.3)
    assert ticks(api, name) == before
    post(api, f"/containers/{name}/unpause")
