"""wait by several clients at once, and how long a stop is patient."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.api.test_lifecycle import actions, create, post, state, until
from tests.support.api import Api

STUBBORN = ("sh", "-c", "trap 'sleep 1; exit 7' TERM; while :; do sleep 0.05; done")


def test_many_clients_and_every_condition(api: Api, name: str) -> None:
    create(api, name, "sh", "-c", "sleep 1; exit 4")
    assert post(api, f"/containers/{name}/wait").json == {"StatusCode": 0}
    with ThreadPoolExecutor(12) as pool:
        conditions = ["next-exit"] * 4 + ["removed"] * 4
        early = [pool.submit(post, api, f"/containers/{name}/wait?condition={which}") for which in conditions]
        time.sleep(0.3)
        post(api, f"/containers/{name}/start")
        late = [pool.submit(post, api, f"/containers/{name}/wait?condition=not-running") for _ in range(4)]
        assert [one.result().json for one in [*early[:4], *late]] == [{"StatusCode": 4}] * 8
        assert not any(one.done() for one in early[4:])
        assert api.request("DELETE", f"/v1.51/containers/{name}").status == 204
        assert [one.result().json for one in early[4:]] == [{"StatusCode": 4}] * 4


def test_a_stop_without_end_is_patient(api: Api, name: str) -> None:
    create(api, name, *STUBBORN)
    post(api, f"/containers/{name}/start")
    time.sleep(0.3)
    assert post(api, f"/containers/{name}/stop?t=-1").status == 204
    assert state(api, name)["ExitCode"] == 7


def test_a_stop_of_no_patience_kills(api: Api, name: str) -> None:
    create(api, name, *STUBBORN, StopTimeout=-1)
    post(api, f"/containers/{name}/start")
    time.sleep(0.3)
    assert post(api, f"/containers/{name}/stop?t=0").status == 204
    assert state(api, name)["ExitCode"] == 137
    assert actions(api, name)[-4:] == ["kill", "kill", "stop", "die"]


def test_the_containers_own_patience(api: Api, name: str) -> None:
    create(api, name, "sleep", "600", StopTimeout=0)
    post(api, f"/containers/{name}/start")
    assert post(api, f"/containers/{name}/stop").status == 204
    assert state(api, name)["ExitCode"] == 137
    create(api, f"{name}-b", *STUBBORN, StopTimeout=-1)
    post(api, f"/containers/{name}-b/start")
    time.sleep(0.3)
    assert post(api, f"/containers/{name}-b/restart").status == 204
    until(lambda: state(api, f"{name}-b")["Running"] is True, "the restart")
    assert post(api, f"/containers/{name}-b/kill").status == 204
