"""An engine whose options say what containers get that ask for nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_lifecycle import create, post
from tests.support.api import Api, frames
from tests.support.engine import Engine

PROFILE = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}],
}
TELL = "grep NoNewPrivs /proc/self/status; ulimit -Sn; ulimit -Hn; ulimit -c; mkdir /made 2>&1; cat /proc/self/cgroup"


@pytest.fixture(scope="module")
def told(image_archive: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Such an engine."""
    profile = tmp_path_factory.mktemp("profile") / "own.json"
    profile.write_text(json.dumps(PROFILE))
    engine = Engine(
        *("--no-new-privileges", f"--seccomp-profile={profile}", "--default-ulimit=nofile=100:200"),
        *("--default-ulimit=core=0", "--default-shm-size=8m", "--default-ipc-mode=shareable"),
        *("--default-cgroupns-mode=host", "--cgroup-parent=/bx-defaults", "--label=where=here"),
    ).start()
    try:
        headers = {"Content-Type": "application/x-tar"}
        engine.api.request("POST", "/images/load", image_archive, headers=headers)
        yield engine.api
    finally:
        engine.close()
        for group in Path("/sys/fs/cgroup").glob("**/bx-defaults"):
            group.rmdir()


def said(api: Api, name: str, **host: Any) -> list[str]:
    """What such a container finds."""
    create(api, name, "sh", "-c", TELL, HostConfig={"NetworkMode": "none", **host})
    assert post(api, f"/containers/{name}/start").status == 204
    post(api, f"/containers/{name}/wait")
    logs = api.request("GET", f"/containers/{name}/logs?stdout=1&stderr=1").body
    return b"".join(data for _, data in frames(logs)).decode().splitlines()


def test_who_asks_for_nothing(told: Api) -> None:
    found = said(told, "plain")
    assert found[:5] == [
        "NoNewPrivs:\t1",
        *("100", "200", "0"),
        "mkdir: can't create directory '/made': No space left on device",
    ]
    assert any("/bx-defaults/" in line for line in found[5:])
    host = told.request("GET", "/containers/plain/json").json["HostConfig"]
    assert (host["IpcMode"], host["ShmSize"], host["CgroupnsMode"]) == ("shareable", 8 << 20, "host")
    # What holds at the start is not written into the container's own options, as with Docker.
    assert (host["Ulimits"], host["SecurityOpt"], host["CgroupParent"]) == (None, None, "")


def test_who_asks_for_something(told: Api) -> None:
    options = ["no-new-privileges=false", "seccomp=builtin"]
    limits = [{"Name": "nofile", "Soft": 50, "Hard": 60}]
    found = said(told, "own", SecurityOpt=options, Ulimits=limits, ShmSize=1 << 20, IpcMode="private")
    assert found[:4] == ["NoNewPrivs:\t0", "50", "60", "0"]
    assert "mkdir" not in found[4]
    host = told.request("GET", "/containers/own/json").json["HostConfig"]
    assert (host["IpcMode"], host["ShmSize"]) == ("private", 1 << 20)


def test_an_exec_has_the_same(told: Api) -> None:
    create(told, "long", "sleep", "600")
    post(told, "/containers/long/start")
    body = {"Cmd": ["sh", "-c", TELL], "AttachStdout": True}
    exec_id = post(told, "/containers/long/exec", body).json["Id"]
    stream = told.hijack(f"/v1.51/exec/{exec_id}/start", {"Detach": False, "Tty": False})
    found = b"".join(data for _, data in frames(stream.read_all())).decode().splitlines()
    assert found[:4] == ["NoNewPrivs:\t1", "100", "200", "0"]
    assert "No space left" in found[4]


def test_it_is_known(told: Api) -> None:
    info = told.request("GET", "/info").json
    assert info["Labels"] == ["where=here"]
    assert "name=no-new-privileges" in info["SecurityOptions"]
    assert any(option.startswith("name=seccomp,profile=/") for option in info["SecurityOptions"])
