"""What a daemon does at its start with containers that do not run: as Docker, but for what docs/compat.md names."""

from concurrent.futures import ThreadPoolExecutor

from tests.api.test_lifecycle import create, post, state, until
from tests.support.api import Api
from tests.support.engine import Engine


def made(api: Api, name: str, *command: str, policy: str = "no", remove: bool = False, count: int = 0) -> None:
    host = {
        "NetworkMode": "none",
        "RestartPolicy": {"Name": policy, "MaximumRetryCount": count},
        "AutoRemove": remove,
    }
    create(api, name, *command, HostConfig=host)


def started(api: Api, name: str, *command: str, policy: str = "no", remove: bool = False, count: int = 0) -> None:
    made(api, name, *command, policy=policy, remove=remove, count=count)
    assert post(api, f"/containers/{name}/start").status == 204


def test_who_comes_back(fresh_engine: Engine) -> None:
    api = fresh_engine.api
    for policy in ("always", "unless-stopped"):
        made(api, f"never-ran-{policy}", "sleep", "600", policy=policy)
    for policy in ("always", "unless-stopped", "on-failure", "no"):
        started(api, f"stopped-{policy}", "sleep", "600", policy=policy)
        started(api, f"killed-{policy}", "sleep", "600", policy=policy)
    with ThreadPoolExecutor(8) as pool:
        names = [f"{policy}" for policy in ("always", "unless-stopped", "on-failure", "no")]
        list(pool.map(lambda policy: post(api, f"/containers/stopped-{policy}/stop?t=0"), names))
        list(pool.map(lambda policy: post(api, f"/containers/killed-{policy}/kill"), names))
    started(api, "well", "true", policy="on-failure")
    started(api, "tried", "false", policy="on-failure", count=1)
    until(lambda: state(api, "tried")["Status"] == "exited" and state(api, "well")["Status"] == "exited", "both")
    fresh_engine.kill()
    fresh_engine.start()
    back = ("stopped-always", "killed-always")
    until(lambda: all(state(api, name)["Running"] for name in back), "those that come back")
    others = {c["Names"][0][1:]: c["State"] for c in api.request("GET", "/containers/json?all=1").json}
    assert {name for name, status in others.items() if status != "exited"} == {
        *back,
        "never-ran-always",
        "never-ran-unless-stopped",
    }
    assert state(api, "never-ran-always")["Status"] == "created"
    assert api.request("GET", "/containers/tried/json").json["RestartCount"] == 1


def test_what_was_to_be_removed_is(fresh_engine: Engine) -> None:
    """Of --rm: what never ran, and what has ended while no daemon was there; what runs goes on."""
    api = fresh_engine.api
    made(api, "never-ran", "true", remove=True)
    started(api, "ends", "sleep", "1", remove=True)
    started(api, "runs", "sleep", "600", remove=True)
    pid = state(api, "runs")["Pid"]
    fresh_engine.kill()
    fresh_engine.start()
    assert api.request("GET", "/containers/never-ran/json").status == 404
    until(lambda: api.request("GET", "/containers/ends/json").status == 404, "the removal")
    assert state(api, "runs")["Pid"] == pid
    assert api.request("DELETE", "/containers/runs?force=1").status == 204
