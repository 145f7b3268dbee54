"""Binds that share mounts with the host, on a host whose mounts are shared as systemd has them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine import Engine

SHARED_HOST = ("unshare", "-m", "--propagation", "private", "sh", "-c", 'mount --make-rshared / && exec "$@"', "sh")


@pytest.fixture
def host(image_archive: bytes) -> Iterator[Engine]:
    """An engine in a mount namespace where everything is shared."""
    running = Engine(through=SHARED_HOST).start()
    try:
        running.api.request("POST", "/images/load", image_archive, headers={"Content-Type": "application/x-tar"})
        yield running
    finally:
        running.close()


def mounts(engine: Engine) -> list[str]:
    """Where something is mounted on the host, but for the read-only images, which containers share."""
    with open(f"/proc/{engine.pid}/mountinfo") as lines:
        places = [line.split(" ")[4] for line in lines]
    return [place for place in places if not place.startswith(f"{engine.run_root}/images/")]


def on_host(engine: Engine, *command: str) -> None:
    subprocess.run(["nsenter", "-m", "-t", str(engine.pid), *command], check=True)


def run(engine: Engine, name: str, *command: str, **host: Any) -> None:
    body = {"Image": "bx/base:1", "Cmd": list(command), "HostConfig": {"NetworkMode": "none", **host}}
    assert engine.api.request("POST", f"/containers/create?name={name}", body).status == 201
    started = engine.api.request("POST", f"/containers/{name}/start")
    assert started.status == 204, started.value


def inside(engine: Engine, name: str, *command: str) -> str:
    made = engine.api.request("POST", f"/containers/{name}/exec", {"Cmd": list(command), "AttachStdout": True})
    stream = engine.api.hijack(f"/exec/{made.json['Id']}/start", {"Tty": True})
    return stream.read_all().decode()


def test_only_what_is_shared_is_seen_on_the_host(host: Engine) -> None:
    """The root of a container with a shared bind is shared, too, but its mounts were made where nobody else looks."""
    source = host.base / "source"
    (source / "from-inside").mkdir(parents=True)
    (source / "from-host").mkdir()
    before = mounts(host)
    run(host, "sharing", "sleep", "600", Binds=[f"{source}:/x:shared"], Privileged=True)
    assert mounts(host) == before
    root = next(line for line in inside(host, "sharing", "cat", "/proc/self/mountinfo").splitlines() if " / / " in line)
    assert " shared:" in root

    inside(host, "sharing", "mount", "-t", "tmpfs", "t", "/x/from-inside")
    assert [path for path in mounts(host) if path not in before] == [str(source / "from-inside")]
    inside(host, "sharing", "mount", "-t", "tmpfs", "t", "/mnt")
    assert [path for path in mounts(host) if path not in before] == [str(source / "from-inside")]
    on_host(host, "mount", "-t", "tmpfs", "t", str(source / "from-host"))
    assert " /x/from-host " in inside(host, "sharing", "cat", "/proc/self/mountinfo")

    # Others start and end as ever.
    run(host, "other", "true")
    assert host.api.request("POST", "/containers/other/wait").json["StatusCode"] == 0
    assert host.api.request("DELETE", "/containers/sharing?force=1").status == 204
    for made in ("from-inside", "from-host"):
        on_host(host, "umount", str(source / made))
    assert mounts(host) == before


@pytest.mark.parametrize(("mode", "seen"), [("slave", True), ("rslave", True), ("private", False), ("rprivate", False)])
def test_what_the_host_mounts_later(host: Engine, tmp_path: Path, mode: str, seen: bool) -> None:
    """A slave sees it, a private bind does not, and neither shows the host anything."""
    source = host.base / "source"
    (source / "from-inside").mkdir(parents=True)
    (source / "from-host").mkdir()
    run(host, "bound", "sleep", "600", Binds=[f"{source}:/x:{mode}"], Privileged=True)
    before = mounts(host)
    inside(host, "bound", "mount", "-t", "tmpfs", "t", "/x/from-inside")
    assert mounts(host) == before
    on_host(host, "mount", "-t", "tmpfs", "t", str(source / "from-host"))
    assert (" /x/from-host " in inside(host, "bound", "cat", "/proc/self/mountinfo")) is seen
    on_host(host, "umount", str(source / "from-host"))


@pytest.mark.parametrize("runtime", ["crun", "runc"])
def test_another_runtime_shares_no_more(host: Engine, runtime: str) -> None:
    """Its root is mounted for it, on this host where every mount is shared."""
    source = host.base / "source"
    (source / "from-inside").mkdir(parents=True)
    (source / "from-host").mkdir()
    before = mounts(host)
    binds = [f"{source}:/x:shared"]
    run(host, "sharing", "sleep", "600", Binds=binds, Privileged=True, Runtime=runtime)
    run(host, "plain", "sleep", "600", Runtime=runtime)
    assert mounts(host) == before
    inside(host, "sharing", "mount", "-t", "tmpfs", "t", "/x/from-inside")
    assert [path for path in mounts(host) if path not in before] == [str(source / "from-inside")]
    on_host(host, "mount", "-t", "tmpfs", "t", str(source / "from-host"))
    assert " /x/from-host " in inside(host, "sharing", "cat", "/proc/self/mountinfo")
    for name in ("sharing", "plain"):
        assert host.api.request("DELETE", f"/containers/{name}?force=1").status == 204
    for made in ("from-inside", "from-host"):
        on_host(host, "umount", str(source / made))
    assert mounts(host) == before
