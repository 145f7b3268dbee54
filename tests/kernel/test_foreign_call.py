"""Calls of another runtime's command line, with programs that are none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from boxship.shim.failure import Failed
from boxship.shim.foreign.command import Call, Runtime
from boxship.shim.loop import Loop


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "id"
    folder.mkdir()
    return folder


def runtime(bundle: Path, script: str) -> Runtime:
    program = bundle.parent / "runtime"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Runtime([str(program), "--option"], str(bundle))


def ended(call: Call, patience: float = 60.0) -> dict[str, Any] | None:
    """The failure of a call."""
    loop = Loop()
    failures: list[dict[str, Any] | None] = []

    def over(status: int) -> None:
        failures.append(call.failure(status))
        loop.stop()

    call.watch(loop, over, patience)
    loop.run()
    loop.close()
    return failures[0]


def test_what_a_call_gets(bundle: Path) -> None:
    """Arguments, working folder, streams; a mount namespace of its own."""
    out, end = os.pipe()
    call = runtime(bundle, 'echo "$@"; pwd; readlink /proc/self/ns/mnt; stat -c %t:%T /proc/self/fd/0 -L').begin(
        "create", ["create", "id"], fds=(-1, end, end)
    )
    os.close(end)
    assert ended(call) is None
    with open(out, encoding="utf-8") as file:
        words, folder, namespace, standard_input = file.read().splitlines()
    assert words == f"--option --root {bundle}/state --log create.log --log-format json create id"
    assert folder == str(bundle)
    assert namespace != os.readlink("/proc/self/ns/mnt")
    assert standard_input == "1:3"


def test_its_log_tells_why(bundle: Path) -> None:
    script = """echo '{"level":"error","msg":"something new"}' > create.log; exit 1"""
    failure = ended(runtime(bundle, script).begin("create", ["create"]))
    assert failure == {"step": "runtime", "errno": 0, "path": "", "message": "something new"}
    assert not list(bundle.iterdir())


def test_it_says_nothing(bundle: Path) -> None:
    failure = ended(runtime(bundle, "exit 3").begin("create", ["create"]))
    assert failure is not None
    assert failure["message"] == "the runtime ended with 3"


def test_it_takes_too_long(bundle: Path) -> None:
    failure = ended(runtime(bundle, "exec sleep 1000").begin("create", ["create"]), patience=0.3)
    assert failure is not None
    assert failure["message"] == "the runtime did not come to an end within 0 seconds"


def test_it_is_not_there(bundle: Path) -> None:
    failure = ended(Runtime(["/nowhere/runtime"], str(bundle)).begin("create", ["create"]))
    assert failure is not None
    assert failure["message"] == "unable to run the OCI runtime /nowhere/runtime: no such file or directory"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (Failed("user", 22, "bob", "unable to find user bob"), "unable to find user bob"),
        (OSError(2, "No such file or directory", "/x"), "prepare the runtime's call at /x: No such file or directory"),
        (ValueError("odd"), "prepare the runtime's call: ValueError: odd"),
    ],
)
def test_its_preparation_fails(bundle: Path, error: Exception, message: str) -> None:
    def prepare() -> None:
        raise error

    failure = ended(runtime(bundle, "true").begin("create", ["create"], prepare=prepare))
    assert failure is not None
    assert failure["message"] == message
