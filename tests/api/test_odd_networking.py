"""Settings of ports and addresses that make no sense: found by the fuzzer, and told before anything is made."""

from typing import Any

import pytest

from tests.api.test_lifecycle import create, post
from tests.support.api import Api

SLEEPER = {"Image": "bx/base:1", "Cmd": ["sleep", "600"]}


@pytest.mark.parametrize("mac", ["zz", "02:42:ac:11:00", "02:42:ac:11:00:7g", "02:42-ac:11:00:77"])
def test_a_mac_address_that_is_none(api: Api, name: str, mac: str) -> None:
    ways: list[dict[str, Any]] = [
        {"MacAddress": mac},
        {"NetworkingConfig": {"EndpointsConfig": {"bridge": {"MacAddress": mac}}}},
    ]
    for way in ways:
        answer = post(api, f"/containers/create?name={name}", {**SLEEPER, **way})
        expected = {"message": f"invalid config for network bridge: invalid MAC address {mac}"}
        assert (answer.status, answer.json) == (400, expected)


def test_whatever_is_exposed_keeps_nobody_from_listing(api: Api, name: str) -> None:
    exposed: dict[str, Any] = {"": {}, "x/tcp": {}, "80-82/tcp": {}, "80/xyz": {}, "81/TCP": {}}
    create(api, name, "sleep", "600", ExposedPorts=exposed, HostConfig={"NetworkMode": "bridge"})
    assert post(api, f"/containers/{name}/start").status == 204
    for path in ("/containers/json", "/system/df", f"/containers/{name}/json"):
        assert api.request("GET", path).status == 200
    (row,) = [c for c in api.request("GET", "/containers/json").json if c["Names"] == [f"/{name}"]]
    assert {(port["PrivatePort"], port["Type"]) for port in row["Ports"]} == {
        (0, "0"),
        (0, "tcp"),
        (80, "0"),
        (81, "tcp"),
    }
