"""The systemd cgroup driver against the real systemd: it knows the limits, keeps them, and forgets what has ended."""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from boxship.kernel.cgroup import detect
from tests.support.cli import Cli, docker_cli
from tests.support.engine import Engine

BASE = "bx/base:1"


def systemctl(*words: str) -> str:
    return subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False).stdout


def shown(unit: str) -> dict[str, str]:
    """What systemd says of a unit."""
    return dict(line.partition("=")[::2] for line in systemctl("show", unit).splitlines())


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.1)


@pytest.fixture
def docker(client_home: Path, image_archive: bytes, tmp_path: Path) -> Iterator[tuple[Cli, Engine]]:
    """The docker CLI against a daemon with the systemd driver."""
    engine = Engine("--exec-opt", "native.cgroupdriver=systemd").start()
    try:
        engine.api.request("POST", "/images/load", image_archive, headers={"Content-Type": "application/x-tar"})
        yield docker_cli(client_home, engine.host, tmp_path / "docker"), engine
    finally:
        engine.close()


def test_limits_are_systemds_and_outlive_a_reload(docker: tuple[Cli, Engine]):
    run, engine = docker
    limits = ("-m", "64m", "--memory-swap", "64m", "--cpus", "0.3", "--cpu-shares", "512", "--pids-limit", "50")
    container = run("run", "-d", "--name", "box", *limits, "--cpuset-cpus", "0", BASE, "sleep", "600").succeeded().text
    unit = f"boxship-{container}.scope"
    about = shown(unit)
    wanted = {
        "MemoryMax": str(64 << 20),
        "TasksMax": "50",
        "CPUQuotaPerSecUSec": "300ms",
        "Slice": f"boxship-{engine.instance}.slice",
        "Delegate": "yes",
        "DevicePolicy": "strict",
    }
    if detect().version == 2:
        wanted |= {"MemorySwapMax": "0", "AllowedCPUs": "0", "CPUWeight": "59", "OOMPolicy": "continue"}
    assert {name: about[name] for name in wanted} == wanted

    systemctl("daemon-reload")
    assert run("exec", "box", "sh", "-c", "head -c 3 /dev/urandom | wc -c").succeeded().text == "3"
    if detect().version == 2:
        folder = Path("/sys/fs/cgroup") / about["ControlGroup"].lstrip("/")
        found = {file: (folder / file).read_text().strip() for file in ("memory.max", "cpu.max", "pids.max")}
        assert found == {"memory.max": str(64 << 20), "cpu.max": "30000 100000", "pids.max": "50"}

    run("rm", "-f", "box").succeeded()
    until(lambda: unit not in systemctl("list-units", "--all"), "the scope's end")


def test_an_update_outlives_a_reload(docker: tuple[Cli, Engine]):
    run, _ = docker
    container = run("run", "-d", "--name", "box", "-m", "64m", "--memory-swap", "64m", BASE, "sleep", "600").succeeded()
    run("update", "-m", "48m", "--memory-swap", "48m", "--cpus", "0.255", "box").succeeded()
    systemctl("daemon-reload")
    about = shown(f"boxship-{container.text}.scope")
    assert (about["MemoryMax"], about["CPUQuotaPerSecUSec"]) == (str(48 << 20), "260ms")
    if detect().version == 2:
        folder = Path("/sys/fs/cgroup") / about["ControlGroup"].lstrip("/")
        found = {file: (folder / file).read_text().strip() for file in ("memory.max", "memory.swap.max", "cpu.max")}
        assert found == {"memory.max": str(48 << 20), "memory.swap.max": "0", "cpu.max": "25500 100000"}


def test_a_scope_goes_with_its_container_whoever_has_died(docker: tuple[Cli, Engine]):
    run, engine = docker
    container = run("run", "-d", "--name", "box", BASE, "sleep", "600").succeeded().text
    unit = f"boxship-{container}.scope"
    pid = engine.api.request("GET", "/containers/box/json").json["State"]["Pid"]
    engine.kill()
    subprocess.run(["kill", "-9", str(pid)], check=True)
    until(lambda: unit not in systemctl("list-units", "--all"), "the scope's end")
    engine.start()
    run("start", "box").succeeded()
    assert unit in systemctl("list-units")


def test_a_container_that_ends_during_a_reload_leaves_no_scope(docker: tuple[Cli, Engine]):
    """systemd hears of no end of a group that is gone when it comes back from the reload."""
    run, engine = docker
    names = [f"box{number}" for number in range(3)]
    containers = [run("run", "-d", "--name", name, BASE, "sleep", "600").succeeded().text for name in names]
    for name in names:
        reload = subprocess.Popen(["systemctl", "daemon-reload"])
        run("rm", "-f", name).succeeded()
        assert reload.wait() == 0
    units = [f"boxship-{container}.scope" for container in containers]
    until(lambda: not any(unit in systemctl("list-units", "--all") for unit in units), "the scopes' end")
    until(lambda: not list((engine.run_root / "c").iterdir()), "the bundles' end")


def test_many_restarts_find_the_name_free(docker: tuple[Cli, Engine]):
    run, _ = docker
    run("run", "-d", "--name", "box", BASE, "sleep", "600").succeeded()
    for _ in range(5):
        run("restart", "-t", "0", "box").succeeded()
    assert run("exec", "box", "echo", "well").succeeded().text == "well"


def test_out_of_memory_ends_no_scope(docker: tuple[Cli, Engine]):
    run, _ = docker
    run("run", "-d", "--name", "box", "-m", "16m", "--memory-swap", "16m", BASE, "sleep", "600").succeeded()
    assert run("exec", "box", "tail", "/dev/zero").code == 137
    assert run("inspect", "-f", "{{.State.OOMKilled}} {{.State.Status}}", "box").succeeded().text == "true running"


def test_a_parent_is_a_slice(docker: tuple[Cli, Engine]):
    run, _ = docker
    said = run("create", "--cgroup-parent", "/some/where", BASE, "true")
    assert said.code == 1
    assert b'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"' in said.err
    container = run("run", "-d", "--cgroup-parent", "bxtest-a.slice", BASE, "sleep", "600").succeeded().text
    assert (
        shown(f"boxship-{container}.scope")["ControlGroup"] == f"/bxtest.slice/bxtest-a.slice/boxship-{container}.scope"
    )
    run("rm", "-f", container).succeeded()
    systemctl("stop", "bxtest.slice")
