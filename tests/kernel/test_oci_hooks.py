"""Hooks: when they run, where, what they are told, and what becomes of a container when one fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.oci import Runtime

STAGES = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")


@pytest.fixture
def runtime(client_home: Path) -> Iterator[Runtime]:
    made = Runtime(client_home / "bin/busybox")
    try:
        yield made
    finally:
        made.close()


def hook(script: str, **more: Any) -> dict[str, Any]:
    return {"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin:/usr/bin"], **more}


def test_order_namespaces_and_states(runtime: Runtime) -> None:
    """Each one tells its stage, its mount namespace and the state that it got."""
    log = runtime.folder / "log"
    log.touch()
    (runtime.bundle / "rootfs/log").touch()

    def told(stage: str, path: Path | str) -> dict[str, Any]:
        return hook(f'printf "%s %s %s\\n" {stage} "$(readlink /proc/self/ns/mnt)" "$(cat)" >>{path}')

    hooks = {stage: [told(stage, "/log" if stage == "startContainer" else log)] for stage in STAGES}
    mounts = [*runtime.spec()["mounts"], {"destination": "/log", "source": str(log), "options": ["bind"]}]
    runtime.spec("sh", "-c", "echo program >>/log", hooks=hooks, mounts=mounts, annotations={"k": "v"})
    runtime.create()
    lines = [line.split(" ", 2) for line in log.read_text().splitlines()]
    assert [line[0] for line in lines] == ["prestart", "createRuntime", "createContainer"]
    pid = runtime.state()["pid"]
    runtime.run("start", runtime.id)
    runtime.wait_for("stopped")
    runtime.run("delete", runtime.id)
    rows = [line.split(" ", 2) for line in log.read_text().splitlines() if line != "program"]
    assert [row[0] for row in rows] == list(STAGES)
    states = {row[0]: json.loads(row[2]) for row in rows}
    assert {stage: state["status"] for stage, state in states.items()} == {
        "prestart": "created",
        "createRuntime": "creating",
        "createContainer": "creating",
        "startContainer": "created",
        "poststart": "running",
        "poststop": "stopped",
    }
    assert all(
        (state["id"], state["bundle"], state["annotations"]) == (runtime.id, str(runtime.bundle), {"k": "v"})
        for state in states.values()
    )
    assert states["createRuntime"]["pid"] == states["poststart"]["pid"] == pid
    assert states["createContainer"]["pid"] == states["startContainer"]["pid"] == 1
    here = {row[1] for row in rows if row[0] in ("prestart", "createRuntime", "poststart", "poststop")}
    inside = {row[1] for row in rows if row[0] in ("createContainer", "startContainer")}
    assert len(here) == len(inside) == 1 and here != inside


@pytest.mark.parametrize("stage", ["prestart", "createRuntime", "createContainer"])
def test_a_hook_of_create_that_fails(runtime: Runtime, stage: str) -> None:
    """Nothing is left, the hooks after it don't run, those of the end do."""
    log = runtime.folder / "log"
    log.touch()
    hooks = {
        stage: [hook(f"echo first >>{log}"), hook("echo why >&2; exit 3"), hook(f"echo third >>{log}")],
        "poststop": [hook(f"echo stop >>{log}")],
    }
    error = runtime.refusal("true", hooks=hooks)
    assert f"error running {stage} hook: hook #1 /bin/sh: exit status 3: why" in error
    assert log.read_text() == "first\nstop\n"


def test_a_hook_of_start_that_fails(runtime: Runtime) -> None:
    runtime.spec("touch", "/ran", hooks={"startContainer": [hook("exit 4")]})
    runtime.create()
    done = runtime.run("start", runtime.id, check=False)
    assert done.returncode == 1 and "error running startContainer hook: hook #0 /bin/sh: exit status 4" in done.stderr
    runtime.wait_for("stopped")
    runtime.run("delete", runtime.id)
    assert not (runtime.bundle / "rootfs/ran").exists()


def test_a_poststart_hook_that_fails_ends_the_container(runtime: Runtime) -> None:
    log = runtime.folder / "log"
    hooks = {"poststart": [hook("exit 5")], "poststop": [hook(f"echo stop >>{log}")]}
    runtime.spec("sleep", "600", hooks=hooks)
    runtime.create()
    assert "error running poststart hook" in runtime.run("start", runtime.id, check=False).stderr
    assert runtime.run("list", "-q").stdout == ""
    assert log.read_text() == "stop\n"


def test_a_poststop_hook_that_fails_is_a_warning(runtime: Runtime) -> None:
    log = runtime.folder / "log"
    runtime.spec("true", hooks={"poststop": [hook("exit 6"), hook(f"echo second >>{log}")]})
    done = runtime.run("run", "--bundle", str(runtime.bundle), runtime.id)
    assert "warning: error running poststop hook: hook #0" in done.stderr
    assert log.read_text() == "second\n"


def test_timeouts_and_hooks_that_are_not_there(runtime: Runtime) -> None:
    assert "still ran after its timeout of 1 s" in runtime.refusal(
        "true", hooks={"createRuntime": [hook("exec sleep 600", timeout=1)]}
    )
    assert "No such file or directory" in runtime.refusal("true", hooks={"createRuntime": [{"path": "/no/such"}]})
    assert "must be greater than zero" in runtime.refusal("true", hooks={"prestart": [hook("true", timeout=0)]})


def test_a_hook_that_does_not_read_and_writes_much(runtime: Runtime) -> None:
    """Its state is more than a pipe takes, and so is its output."""
    writes = hook(
        "i=0; while [ $i -lt 2000 ]; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; i=$((i+1)); done"
    )
    annotations = {f"key{number}": "x" * 1000 for number in range(200)}
    hooks = {"createRuntime": [writes], "createContainer": [writes]}
    assert runtime.output_of("sh", "-c", "echo ran", hooks=hooks, annotations=annotations) == "ran\n"
