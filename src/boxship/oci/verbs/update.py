"""`boxship oci update`: other limits for a container that is there."""

from __future__ import annotations

import os
import sys

from boxship.cli.flags import Flag, Parsed
from boxship.kernel.cgroup import Cgroup, plan_resources
from boxship.kernel.cgroup.files import write
from boxship.lib.errors import BoxshipError, Conflict, InvalidParameter
from boxship.lib.plainjson import decode
from boxship.oci.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE = "[OPTIONS] ID"
# flag -> (group, key) of linux.resources
_NUMBERS = {
    "blkio-weight": ("blockIO", "weight"),
    "cpu-burst": ("cpu", "burst"),
    "cpu-idle": ("cpu", "idle"),
    "cpu-period": ("cpu", "period"),
    "cpu-quota": ("cpu", "quota"),
    "cpu-rt-period": ("cpu", "realtimePeriod"),
    "cpu-rt-runtime": ("cpu", "realtimeRuntime"),
    "cpu-share": ("cpu", "shares"),
    "memory": ("memory", "limit"),
    "memory-reservation": ("memory", "reservation"),
    "memory-swap": ("memory", "swap"),
    "pids-limit": ("pids", "limit"),
}
_TEXTS = {"cpuset-cpus": ("cpu", "cpus"), "cpuset-mems": ("cpu", "mems")}
FLAGS = (
    *(Flag(name, "", "string", f"linux.resources.{group}.{key}") for name, (group, key) in _NUMBERS.items()),
    *(Flag(name, "", "string", f"linux.resources.{group}.{key}") for name, (group, key) in _TEXTS.items()),
    Flag("resources", "r", "string", "File with linux.resources as JSON, - for standard input"),
)
ARGS = (1, 1)


def run(context: Context, parsed: Parsed) -> int:
    container = context.container(parsed.args[0])
    with container.locked():
        if container.status() == "stopped":
            raise Conflict(f"container not running: {container.id} has stopped")
        cgroup = container.cgroup()
        if cgroup is None:
            raise Conflict(f"container {container.id} has no control group")
        resources = _from_file(parsed.text("resources")) if parsed.text("resources") else {}
        for name, (group, key) in _NUMBERS.items():
            if name in parsed.given:
                resources.setdefault(group, {})[key] = _number(name, parsed.text(name))
        for name, (group, key) in _TEXTS.items():
            if name in parsed.given:
                resources.setdefault(group, {})[key] = parsed.text(name)
        if not resources:
            raise InvalidParameter("nothing to change: give a limit, or --resources")
        # What a program may open is not changed here, and the empty list that callers send would forbid all.
        resources.pop("devices", None)
        if container.record.get("scope"):
            _tell_systemd(container.record["scope"], resources, cgroup.layout.version)
        _apply(cgroup, resources)
    return 0


def _tell_systemd(scope: str, resources: dict[str, Any], version: int) -> None:
    """Before the files, which it writes in its own precision; else a daemon-reload would bring the old limits back."""
    from boxship.kernel.cgroup.bus import BusError
    from boxship.kernel.cgroup.scope import update_scope

    try:
        update_scope(scope, resources, version)
    except BusError as error:
        raise BoxshipError(f"systemd refuses the limits of {scope}: {error.message}") from None
    except TimeoutError:
        raise BoxshipError(f"systemd does not answer about {scope}; nothing was changed") from None


def _number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidParameter(f"--{name} {text!r} is not a number") from None


def _from_file(path: str) -> dict[str, Any]:
    try:
        if path == "-":
            found = decode(sys.stdin.buffer.read())
        else:
            with open(path, "rb") as file:
                found = decode(file.read())
    except ValueError as error:
        raise InvalidParameter(f"--resources {path}: {error}") from None
    if not isinstance(found, dict):
        raise InvalidParameter(f"--resources {path}: it is not a JSON object")
    return {key: value for key, value in found.items() if value}


def _apply(cgroup: Cgroup, resources: dict[str, Any]) -> None:
    """Write the limits. A limit that the kernel refuses beside an older one is tried again after the others."""
    writes = plan_resources(resources, cgroup.layout)
    refused = []
    for controller, file, value in writes:
        path = f"{cgroup.folder(controller)}/{file}"
        try:
            write(path, value)
        except OSError:
            # v1: memory may not rise above memory and swap, nor the latter fall below the former.
            refused.append((path, value))
    for path, value in refused:
        try:
            write(path, value)
        except OSError as error:
            raise BoxshipError(f"{os.path.basename(path)} of {cgroup.path}: {error.strerror}") from None
