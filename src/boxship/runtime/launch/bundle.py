"""The folder of one run: what is written before it starts, and what it leaves."""

import json
import logging
import os
import shutil
from typing import Any

import msgspec

from boxship.kernel.cgroup import Layout
from boxship.kernel.cgroup.scope import stop_unit, systemd_root
from boxship.lib.errors import BoxshipError
from boxship.runtime.launch.monitor import exec_states
from boxship.runtime.launch.values import Exit, StartRequest
from boxship.shim.plan import plan, plan_cgroup, settle_cgroup

log = logging.getLogger("boxship.launch")
# Holds the name of the run's scope, where it has one.
_SCOPE = "scope"


def write_bundle(bundle: str, request: StartRequest, layout: Layout) -> dict[str, Any]:
    """Make the bundle anew (blocks); the plan in it. layout: of the machine's control groups.

    OSError; InvalidParameter for what can't be planned.
    """
    shutil.rmtree(bundle, ignore_errors=True)
    os.makedirs(bundle, mode=0o700)
    spec = request.spec
    os.makedirs(spec["root"]["path"], exist_ok=True)
    root = systemd_root() if request.systemd else ""
    operations: dict[str, Any]
    if request.runtime:
        # What can't be planned here, another runtime may know.
        operations = {"namespaces": 0, "join": (), "cgroup": plan_cgroup(spec["linux"], root)}
    else:
        operations = plan(spec, seccomp_program=request.seccomp_program, systemd_root=root)
        if operations["cgroup"]["path"] and "scope" not in operations["cgroup"]:
            settle_cgroup(operations["cgroup"], layout)
    files = {"config.json": msgspec.json.encode(spec), "plan.json": msgspec.json.encode(operations)}
    if "scope" in operations["cgroup"]:
        files[_SCOPE] = operations["cgroup"]["scope"]["unit"].encode()
    for name, data in files.items():
        fd = os.open(f"{bundle}/{name}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, data)
        finally:
            os.close(fd)
    return operations


def remove_bundle(bundle: str) -> str:
    """Remove the folder of a run that is over and recorded (blocks). Or, where it has a scope, the scope's name: that
    is to be ended first, by `end_scope`, and the folder stays.
    """
    try:
        with open(f"{bundle}/{_SCOPE}", encoding="utf-8") as file:
            return file.read()
    except OSError:
        shutil.rmtree(bundle, ignore_errors=True)
        return ""


def end_scope(bundle: str, scope: str) -> None:
    """Have systemd end a scope whose processes are gone, and remove the folder of the run (blocks, seconds at worst).

    systemd does so by itself, but for a scope that became empty while it was reloading its units: it hears of no end
    of a group that it finds gone.
    """
    try:
        stop_unit(scope)
    except (BoxshipError, OSError) as error:
        log.warning("systemd does not end %s: %s", scope, error)
    shutil.rmtree(bundle, ignore_errors=True)


def read_exit(bundle: str) -> Exit | None:
    """How the run ended, as its monitor noted it (blocks); None when nothing is known."""
    try:
        with open(f"{bundle}/exit.json", "rb") as file:
            state: dict[str, Any] = json.load(file)
    except (OSError, ValueError):
        return None
    value = state["exit"]
    return Exit(value["code"], value["oom_killed"], value["time"], tuple(exec_states(state)))
