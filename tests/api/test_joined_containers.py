"""Namespaces of other containers, and what they say when they cannot be had. The words are Docker's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.api import Answer, Api

Create = Callable[..., Answer]


@pytest.fixture
def create(api: Api, name: str) -> Iterator[Create]:
    """Make a container of this test: `create("donor", IpcMode="shareable")`."""

    def make(suffix: str, *command: str, start: bool = True, **host: Any) -> Answer:
        host.setdefault("NetworkMode", "none")
        body = {"Image": "bx/base:1", "Cmd": list(command) or ["sleep", "600"], "HostConfig": host}
        made = api.request("POST", f"/containers/create?name={name}-{suffix}", body)
        if made.status != 201 or not start:
            return made
        return api.request("POST", f"/containers/{name}-{suffix}/start")

    yield make


def run(api: Api, container: str, script: str) -> str:
    """The output of a script in a running container."""
    body = {"Cmd": ["sh", "-c", script], "AttachStdout": True, "AttachStderr": True}
    made = api.request("POST", f"/containers/{container}/exec", body)
    stream = api.hijack(f"/exec/{made.json['Id']}/start", {"Tty": True})
    try:
        return stream.read_all().decode()
    finally:
        stream.close()


def test_shared_memory_is_shared(api: Api, name: str, create: Create) -> None:
    """/dev/shm comes along with the IPC namespace, through a chain of containers, too, and only with it."""
    create("donor", IpcMode="shareable")
    create("guest", IpcMode=f"container:{name}-donor")
    create("friend", IpcMode=f"container:{name}-guest")
    create("stranger", IpcMode="shareable")
    run(api, f"{name}-donor", "echo word > /dev/shm/note")
    for suffix, there in (("guest", True), ("friend", True), ("stranger", False)):
        assert (run(api, f"{name}-{suffix}", "cat /dev/shm/note") == "word\n") is there
    run(api, f"{name}-friend", "echo more >> /dev/shm/note")
    assert run(api, f"{name}-donor", "cat /dev/shm/note; readlink /proc/self/ns/ipc") == (
        "word\nmore\n" + run(api, f"{name}-guest", "readlink /proc/self/ns/ipc")
    )
    # It lasts as long as anybody has it.
    api.request("POST", f"/containers/{name}-donor/kill")
    api.request("POST", f"/containers/{name}-donor/wait")
    assert run(api, f"{name}-guest", "cat /dev/shm/note") == "word\nmore\n"


def test_what_is_mounted_at_shm_goes_first(api: Api, name: str, create: Create) -> None:
    create("donor", IpcMode="shareable")
    run(api, f"{name}-donor", "echo word > /dev/shm/note")
    create("guest", IpcMode=f"container:{name}-donor", Tmpfs={"/dev/shm": "size=1m"})
    assert run(api, f"{name}-guest", "ls /dev/shm") == ""


@pytest.mark.parametrize("mode", ["private", "none"])
def test_private_ipc_is_not_given(api: Api, name: str, create: Create, mode: str) -> None:
    create("donor", IpcMode=mode)
    donor = api.request("GET", f"/containers/{name}-donor/json").json["Id"]
    refused = create("guest", IpcMode=f"container:{name}-donor")
    assert (refused.status, refused.json["message"]) == (
        400,
        f"failed to join IPC namespace: container {donor}: non-shareable IPC (hint: use IpcMode:shareable for the "
        "donor container)",
    )


@pytest.mark.parametrize(
    ("mode", "at_create", "at_start"),
    [
        ("IpcMode", (400, "No such container: nosuch"), None),
        ("PidMode", (400, "No such container: nosuch"), None),
        ("NetworkMode", None, (500, "joining network namespace of container: No such container: nosuch")),
    ],
)
def test_who_is_not_there(
    api: Api, name: str, create: Create, mode: str, at_create: tuple[int, str] | None, at_start: tuple[int, str] | None
) -> None:
    made = create("guest", start=False, **{mode: "container:nosuch"})
    if at_create:
        assert (made.status, made.json["message"]) == at_create
    else:
        started = api.request("POST", f"/containers/{name}-guest/start")
        assert (started.status, started.json["message"]) == at_start


@pytest.mark.parametrize(
    ("mode", "status", "message"),
    [
        ("IpcMode", 409, "failed to join IPC namespace: container {id} is not running"),
        ("PidMode", 500, "failed to join PID namespace: container {id} is not running"),
        ("NetworkMode", 409, "cannot join network namespace of a non running container: container {name} is created"),
    ],
)
def test_who_does_not_run(api: Api, name: str, create: Create, mode: str, status: int, message: str) -> None:
    donor = create("donor", start=False).json["Id"]
    refused = create("guest", **{mode: f"container:{name}-donor"})
    expected = message.format(id=donor, name=f"{name}-donor")
    assert (refused.status, refused.json["message"]) == (status, expected)


def test_ones_own_network(create: Create, name: str) -> None:
    refused = create("self", NetworkMode=f"container:{name}-self")
    assert (refused.status, refused.json["message"]) == (500, "cannot join own network namespace")
    refused = create("nobody", NetworkMode="container:")
    assert (refused.status, refused.json["message"]) == (
        400,
        "invalid network mode: invalid container format container:<name|id>",
    )


def test_options_without_a_value(api: Api, name: str, create: Create) -> None:
    """Of --security-opt two words stand alone."""
    create("one", SecurityOpt=["writable-cgroups", "no-new-privileges"])
    text = run(api, f"{name}-one", "grep ' /sys/fs/cgroup ' /proc/self/mountinfo; grep NoNewPrivs /proc/self/status")
    assert " rw," in text and text.endswith("NoNewPrivs:\t1\n")


def test_annotations_are_listed(api: Api, name: str, create: Create) -> None:
    """Since API 1.46; where there are none, nothing is said."""
    create("with", start=False, Annotations={"foo": "bar"})
    create("without", start=False)
    for version, expected in (("1.45", None), ("1.46", {"foo": "bar"}), ("1.51", {"foo": "bar"})):
        listed = api.request("GET", f"/v{version}/containers/json?all=1").json
        hosts = {container["Names"][0]: container["HostConfig"] for container in listed}
        assert hosts[f"/{name}-with"].get("Annotations") == expected
        assert "Annotations" not in hosts[f"/{name}-without"]


def test_docker_py_reads_the_default_log(api: Api, name: str, create: Create) -> None:
    """It gives a container's output only if it knows the driver; others hear the driver's own name."""
    create("default", start=False)
    create("none", start=False, LogConfig={"Type": "none"})
    path = f"/containers/{name}-default/json"
    told = api.request("GET", path, headers={"User-Agent": "docker-sdk-python/7.1.0"}).json
    assert told["HostConfig"]["LogConfig"]["Type"] == "json-file"
    untouched = api.request("GET", path, headers={"User-Agent": "Docker-Client/28.5.2 (linux)"}).json
    assert untouched["HostConfig"]["LogConfig"]["Type"] in ("local", "json-file")
    path = f"/containers/{name}-none/json"
    told = api.request("GET", path, headers={"User-Agent": "docker-sdk-python/7.1.0"}).json
    assert told["HostConfig"]["LogConfig"]["Type"] == "none"
