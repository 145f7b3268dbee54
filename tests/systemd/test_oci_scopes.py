"""`boxship oci --systemd-cgroup`: scopes by the real systemd, as podman and containerd ask for them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.oci import MAPS, Runtime, own
from tests.systemd.test_scopes import shown, systemctl, until

LIMITS = {"memory": {"limit": 64 << 20}, "pids": {"limit": 40}, "cpu": {"quota": 30000, "period": 100000}}


class Scoped(Runtime):
    """Every command with the flag."""

    def command(self, *words: str) -> list[str]:
        return super().command("--systemd-cgroup", *words)


@pytest.fixture
def runtime(client_home: Path) -> Iterator[Scoped]:
    made = Scoped(client_home / "bin/busybox")
    try:
        yield made
    finally:
        made.close()


def gone(unit: str) -> bool:
    return unit not in systemctl("list-units", "--all", "--plain")


def test_a_scope_in_systems_slice(runtime: Scoped) -> None:
    unit = f"boxship-{runtime.id}.scope"
    runtime.spec("sleep", "600", linux__resources=LIMITS)
    runtime.create()
    about = shown(unit)
    wanted = {"Slice": "system.slice", "MemoryMax": str(64 << 20), "TasksMax": "40", "CPUQuotaPerSecUSec": "300ms"}
    assert {name: about[name] for name in wanted} == wanted
    assert about["ControlGroup"] == f"/system.slice/{unit}"
    runtime.run("start", runtime.id)
    inside = runtime.run("exec", runtime.id, "cat", "/proc/self/cgroup").stdout
    assert unit in inside
    runtime.run("pause", runtime.id)
    assert runtime.state()["status"] == "paused"
    runtime.run("resume", runtime.id)
    runtime.run("delete", "--force", runtime.id)
    assert gone(unit)


def test_an_update_outlives_a_reload(runtime: Scoped) -> None:
    runtime.spec("sleep", "600", linux__resources=LIMITS)
    runtime.create()
    runtime.run("start", runtime.id)
    runtime.run("update", "--memory", str(48 << 20), "--pids-limit", "30", runtime.id)
    systemctl("daemon-reload")
    about = shown(f"boxship-{runtime.id}.scope")
    assert (about["MemoryMax"], about["TasksMax"]) == (str(48 << 20), "30")
    folder = Path("/sys/fs/cgroup") / about["ControlGroup"].lstrip("/")
    assert (folder / "memory.max").read_text().strip() == str(48 << 20)
    runtime.run("delete", "--force", runtime.id)


def test_the_slice_that_the_spec_names(runtime: Scoped) -> None:
    """With a user namespace, whose process in between makes the scope."""
    own(runtime.bundle / "rootfs")
    unit = f"bx-{runtime.id}.scope"
    path = f"bxtest-oci.slice:bx:{runtime.id}"
    runtime.spec("sleep", "600", linux__cgroupsPath=path, linux__resources=LIMITS, **MAPS)
    runtime.create()
    runtime.run("start", runtime.id)
    assert shown(unit)["ControlGroup"] == f"/bxtest.slice/bxtest-oci.slice/{unit}"
    runtime.run("delete", "--force", runtime.id)
    assert gone(unit)
    subprocess.run(["systemctl", "stop", "bxtest.slice"], check=True)


def test_a_container_that_ends_leaves_no_scope(runtime: Scoped) -> None:
    assert runtime.output_of("sh", "-c", "cat /proc/self/cgroup").count(f"boxship-{runtime.id}.scope")
    until(lambda: gone(f"boxship-{runtime.id}.scope"), "the scope's end")


def test_a_program_that_is_not_there_leaves_no_scope(runtime: Scoped) -> None:
    assert "not-there" in runtime.refusal("/not-there")
    deadline = time.monotonic() + 30
    while not gone(f"boxship-{runtime.id}.scope"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_path_of_cgroupfs_is_refused(runtime: Scoped) -> None:
    said = runtime.refusal("true", linux__cgroupsPath="/some/where")
    assert 'expected cgroupsPath to be of format "slice:prefix:name"' in said
