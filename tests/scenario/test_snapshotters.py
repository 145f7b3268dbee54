"""Containers on each snapshotter: run, exec, cp, diff, commit; a killed daemon, and one with another snapshotter."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.storage.snapshot.base import KINDS
from tests.support.cli import Cli, docker_cli
from tests.support.engine import Engine
from tests.support.machine import loop_devices, mounts
from tests.support.snapshotters import require, why_not

BASE = "bx/base:1"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each of the snapshotters."""
    return require(str(request.param))


@pytest.fixture
def engine(kind: str, image_archive: bytes) -> Iterator[Engine]:
    """A daemon with one of the snapshotters; when it has ended, nothing of its images is mounted."""
    loops = loop_devices()
    running = Engine("--snapshotter", kind).start()
    try:
        running.api.request("POST", "/images/load", image_archive, headers={"Content-Type": "application/x-tar"})
        yield running
        running.empty()
        assert running.terminate() == 0
        assert [each for each in mounts() if str(running.run_root) in each] == []
        assert not (running.run_root / "images").exists()
        deadline = time.monotonic() + 20
        while loop_devices() - loops and time.monotonic() < deadline:
            time.sleep(0.05)  # the last holder of an image is a monitor that is about to end
        assert loop_devices() - loops == set()
    finally:
        running.close()


@pytest.fixture
def docker(client_home: Path, engine: Engine, tmp_path: Path) -> Cli:
    """The docker CLI against it."""
    return docker_cli(client_home, engine.host, tmp_path / "docker")


def image_mounts(engine: Engine) -> set[str]:
    """What is mounted for images."""
    return {each for each in mounts() if str(engine.run_root / "images") in each}


def works(docker: Cli, name: str, step: str, tmp_path: Path) -> None:
    """Everything that needs a container's image, at one moment of its life."""
    docker("exec", name, "sh", "-c", f"echo {step} > /made-{step}; cat /etc/passwd > /dev/null").succeeded()
    assert docker("exec", name, "cat", f"/made-{step}").succeeded().text == step
    (tmp_path / step).write_text(step)
    docker("cp", str(tmp_path / step), f"{name}:/copied-{step}").succeeded()
    docker("cp", f"{name}:/bin/busybox", str(tmp_path / f"busybox-{step}")).succeeded()
    assert (tmp_path / f"busybox-{step}").stat().st_size > 100_000
    changed = docker("diff", name).succeeded().lines
    assert {f"A /made-{step}", f"A /copied-{step}"} <= set(changed)
    docker("commit", name, f"committed:{step}").succeeded()
    assert docker("run", "--rm", f"committed:{step}", "cat", f"/copied-{step}").succeeded().text == step


def test_the_life_of_a_container(engine: Engine, docker: Cli, kind: str, tmp_path: Path) -> None:
    info = engine.api.request("GET", "/info").json
    assert info["Driver"] == "overlay2"
    assert ["Snapshotter", kind] in info["DriverStatus"]
    docker("run", "-d", "--name", "box", BASE, "sleep", "600").succeeded()
    works(docker, "box", "first", tmp_path)
    before = image_mounts(engine)
    assert bool(before) == (kind != "folders")

    engine.kill()
    engine.start()
    assert image_mounts(engine) == before
    works(docker, "box", "killed", tmp_path)
    assert docker("run", "--rm", BASE, "ls", "/made-first").code != 0

    engine.terminate()
    engine.start()
    works(docker, "box", "ended", tmp_path)
    docker("restart", "-t", "0", "box").succeeded()
    works(docker, "box", "again", tmp_path)
    docker("rm", "-f", "box").succeeded()
    docker("rmi", "committed:again", "committed:ended", "committed:killed", "committed:first").succeeded()
    images = {line.split()[0] for line in docker("images").succeeded().lines[1:]}
    assert "committed" not in images


def test_a_running_container_whose_daemon_changes_its_mind(
    engine: Engine, docker: Cli, kind: str, tmp_path: Path
) -> None:
    """The next daemons have other snapshotters: the container goes on, and so does whatever wants its files."""
    docker("run", "-d", "--name", "box", BASE, "sleep", "600").succeeded()
    for other in (*KINDS[KINDS.index(kind) + 1 :], *KINDS[: KINDS.index(kind)], kind):
        if why_not(other):
            continue
        engine.terminate()
        options = engine.options
        engine.options = tuple(other if each in KINDS else each for each in options)
        engine.start()
        assert ["Snapshotter", other] in engine.api.request("GET", "/info").json["DriverStatus"]
        works(docker, "box", other, tmp_path)
    docker("restart", "-t", "0", "box").succeeded()
    assert docker("exec", "box", "cat", "/made-folders").succeeded().text == "folders"


def test_an_image_that_containers_use_is_mounted_once(engine: Engine, docker: Cli, kind: str) -> None:
    for number in range(3):
        docker("run", "-d", "--name", f"box{number}", BASE, "sleep", "600").succeeded()
    assert len(image_mounts(engine)) == (0 if kind == "folders" else 1)
    pids = [engine.api.request("GET", f"/containers/box{number}/json").json["State"]["Pid"] for number in range(3)]
    # The same file of the image is one file of the kernel: read once, kept in memory once.
    assert len({os.stat(f"/proc/{pid}/root/bin/busybox").st_ino for pid in pids}) == 1
    docker("rm", "-f", "box0", "box1", "box2").succeeded()
    docker("rmi", "-f", *set(docker("images", "-q").succeeded().lines)).succeeded()
    deadline = time.monotonic() + 20
    while image_mounts(engine) and time.monotonic() < deadline:
        time.sleep(0.05)  # unmounting is nobody's to wait for
    assert image_mounts(engine) == set()
    layers = engine.data_root / "layers"
    while os.listdir(layers) != ["empty"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert os.listdir(layers) == ["empty"]
