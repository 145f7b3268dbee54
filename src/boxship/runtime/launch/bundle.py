"""The folder of one run: what is written before it starts, and what it leaves."""

import json
import os
import shutil
from typing import Any

import msgspec

from boxship.kernel.cgroup.scope import systemd_root
from boxship.runtime.launch.monitor import exec_states
from boxship.runtime.launch.values import Exit, StartRequest
from boxship.shim.plan import plan, plan_cgroup


def write_bundle(bundle: str, request: StartRequest) -> dict[str, Any]:
    """Make the bundle anew (blocks); the plan in it. OSError; InvalidParameter for what can't be planned."""
    shutil.rmtree(bundle, ignore_errors=True)
    os.makedirs(bundle, mode=0o700)
    spec = request.spec
    os.makedirs(spec["root"]["path"], exist_ok=True)
    root = systemd_root() if request.systemd else ""
    if request.runtime:
        # What can't be planned here, another runtime may know.
        operations = {"namespaces": 0, "join": (), "cgroup": plan_cgroup(spec["linux"], root)}
    else:
        operations = plan(spec, seccomp_program=request.seccomp_program, systemd_root=root)
    for name, value in (("config.json", spec), ("plan.json", operations)):
        fd = os.open(f"{bundle}/{name}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, msgspec.json.encode(value))
        finally:
            os.close(fd)
    return operations


def read_exit(bundle: str) -> Exit | None:
    """How the run ended, as its monitor noted it (blocks); None when nothing is known."""
    try:
        with open(f"{bundle}/exit.json", "rb") as file:
            state: dict[str, Any] = json.load(file)
    except (OSError, ValueError):
        return None
    value = state["exit"]
    return Exit(value["code"], value["oom_killed"], value["time"], tuple(exec_states(state)))
