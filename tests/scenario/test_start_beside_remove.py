"""A start and a removal at the same moment: one of them wins, and says so; nothing that runs is removed or killed."""

from __future__ import annotations

import threading
import time

import pytest

from tests.support.api import Api

ROUNDS = 12


@pytest.mark.parametrize("how", ["rm", "prune"])
def test_one_of_them_wins(api: Api, name: str, how: str) -> None:
    outcomes = set()
    for turn in range(ROUNDS):
        body = {"Image": "bx/base:1", "Cmd": ["sleep", "1000"], "Labels": {"race": name}}
        container = api.request("POST", f"/containers/create?name={name}-{turn}", body).json["Id"]
        started: list[int] = []
        starter = threading.Thread(
            target=lambda ref=container, said=started: said.append(
                api.request("POST", f"/containers/{ref}/start").status
            )
        )
        starter.start()
        time.sleep(0.004 * turn)
        if how == "rm":
            removed = api.request("DELETE", f"/containers/{container}").status == 204
        else:
            path = f"/containers/prune?filters=%7B%22label%22%3A%5B%22race%3D{name}%22%5D%7D"
            removed = container in (api.request("POST", path).json["ContainersDeleted"] or [])
        starter.join()
        outcomes.add(removed)
        inspected = api.request("GET", f"/containers/{container}/json")
        if removed:
            assert started[0] in (404, 409)
            assert inspected.status == 404
        else:
            assert started[0] == 204
            assert inspected.json["State"]["Status"] == "running"
            assert api.request("DELETE", f"/containers/{container}?force=1").status == 204
    assert outcomes
