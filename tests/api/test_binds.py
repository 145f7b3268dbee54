"""What a bind is when little is asked for: it depends on the client's age and on what is bound."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.api import Api, frames


def run(api: Api, version: str, name: str, script: str, **host: Any) -> str:
    """The output of a container that a client of an API version makes."""
    body = {"Image": "bx/base:1", "Cmd": ["sh", "-c", script], "HostConfig": {"NetworkMode": "none", **host}}
    made = api.request("POST", f"/v{version}/containers/create?name={name}", body)
    assert made.status == 201, made.value
    assert api.request("POST", f"/containers/{name}/start").status == 204
    api.request("POST", f"/containers/{name}/wait")
    answer = api.request("GET", f"/containers/{name}/logs?stdout=1&stderr=1")
    return b"".join(piece for _, piece in frames(answer.body)).decode()


DEV = {"Type": "bind", "Source": "/dev", "Target": "/x", "ReadOnly": True}


@pytest.mark.parametrize(("version", "below"), [("1.24", "rw"), ("1.43", "rw"), ("1.44", "ro"), ("1.51", "ro")])
@pytest.mark.parametrize("form", [{"Binds": ["/dev:/x:ro"]}, {"Mounts": [DEV]}], ids=["-v", "--mount"])
def test_what_is_mounted_below_a_read_only_bind(
    api: Api, name: str, version: str, below: str, form: dict[str, Any]
) -> None:
    """Read-only, too, since API 1.44. Nobody but the mount itself shows it."""
    text = run(api, version, name, "cat /proc/self/mountinfo", **form)
    options = {line.split()[4]: line.split()[5].split(",")[0] for line in text.splitlines()}
    inner = [place for place in options if place.startswith("/x/")]
    assert inner, "nothing is mounted below /dev here"
    assert options["/x"] == "ro"
    assert {options[place] for place in inner} == {below}
    shown = api.request("GET", f"/containers/{name}/json").json
    assert shown["HostConfig"]["Binds"] == form.get("Binds")
    assert [(mount["RW"], mount["Propagation"]) for mount in shown["Mounts"]] == [(False, "rprivate")]


def form(kind: str, source: str, propagation: str) -> dict[str, Any]:
    if kind == "-v":
        return {"Binds": [f"{source}:/x" + (f":{propagation}" if propagation else "")]}
    return {"Mounts": [{"Type": "bind", "Source": source, "Target": "/x", "BindOptions": {"Propagation": propagation}}]}


@pytest.mark.parametrize("kind", ["-v", "--mount"])
@pytest.mark.parametrize("place", ["", "/containers", "/.."])
def test_a_bind_of_the_engines_own_folder(api: Api, name: str, kind: str, place: str) -> None:
    """Or of what holds it: a slave, so that nothing of the engine's is kept busy. Others are refused."""
    root = api.request("GET", "/info").json["DockerRootDir"]
    source = root.rpartition("/")[0] if place == "/.." else root + place
    for asked, expected in (("", "rslave"), ("rslave", "rslave"), ("rshared", "rshared")):
        body = {"Image": "bx/base:1", "Cmd": ["true"], "HostConfig": form(kind, source, asked)}
        made = api.request("POST", f"/containers/create?name={name}-{expected}-{asked}", body)
        assert made.status == 201, made.value
        shown = api.request("GET", f"/containers/{made.json['Id']}/json").json["Mounts"]
        assert [mount["Propagation"] for mount in shown] == [expected]
    for asked in ("private", "rprivate", "slave", "shared"):
        body = {"Image": "bx/base:1", "Cmd": ["true"], "HostConfig": form(kind, source, asked)}
        refused = api.request("POST", f"/containers/create?name={name}-{asked}", body)
        assert refused.status == 400
        assert refused.json["message"] == (
            'invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is within '
            f'the daemon root, daemon root: "{root}", bind mount source: "{source}", propagation: "{asked}"'
        )


def test_a_folder_beside_is_nobodys(api: Api, name: str) -> None:
    """Docker compares the texts of the two paths and refuses it."""
    root = api.request("GET", "/info").json["DockerRootDir"]
    body = {"Image": "bx/base:1", "Cmd": ["true"], "HostConfig": form("-v", f"{root}-beside", "private")}
    made = api.request("POST", f"/containers/create?name={name}", body)
    assert made.status == 201, json.dumps(made.value)


def test_the_whole_host_is_bound_where_nothing_is_shared(api: Api, name: str) -> None:
    """`-v /:/host` starts on a machine whose mounts are private, too: nobody asked for a slave there."""
    assert run(api, "1.51", name, "ls -d /host/proc", Binds=["/:/host"]) == "/host/proc\n"
