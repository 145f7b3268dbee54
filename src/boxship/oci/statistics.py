"""What a control group used, in the shape of runc's `events --stats`."""

from __future__ import annotations

from boxship.kernel.cgroup import Cgroup
from boxship.kernel.cgroup.files import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_USER_TICKS_NS = 10_000_000


def statistics(cgroup: Cgroup) -> dict[str, Any]:
    """cpu (nanoseconds), memory (bytes) and pids, as far as the machine's controllers tell."""
    found: dict[str, Any] = {}
    source = _unified if cgroup.layout.version == 2 else _legacy
    for name, value in (("cpu", source(cgroup, "cpu")), ("memory", source(cgroup, "memory"))):
        if value is not None:
            found[name] = value
    if "pids" in cgroup.layout.controllers:
        found["pids"] = {"current": _number(cgroup, "pids", "pids.current")}
        limit = _number(cgroup, "pids", "pids.max")
        if limit:
            found["pids"]["limit"] = limit
    return found


def _legacy(cgroup: Cgroup, kind: str) -> dict[str, Any] | None:
    if kind == "cpu":
        if "cpuacct" not in cgroup.layout.controllers:
            return None
        folder = cgroup.folder("cpuacct")
        stat = _fields(f"{folder}/cpuacct.stat")
        usage = {
            "total": _number(cgroup, "cpuacct", "cpuacct.usage"),
            "percpu": [int(word) for word in read(f"{folder}/cpuacct.usage_percpu").split()],
            "kernel": stat.get("system", 0) * _USER_TICKS_NS,
            "user": stat.get("user", 0) * _USER_TICKS_NS,
        }
        return {"usage": usage, "throttling": {}}
    if "memory" not in cgroup.layout.controllers:
        return None
    raw = _fields(f"{cgroup.folder('memory')}/memory.stat")
    names = {"usage": "usage_in_bytes", "limit": "limit_in_bytes", "max": "max_usage_in_bytes", "failcnt": "failcnt"}
    usage = {key: _number(cgroup, "memory", f"memory.{file}") for key, file in names.items()}
    return {"cache": raw.get("cache", 0), "usage": usage, "raw": raw}


def _unified(cgroup: Cgroup, kind: str) -> dict[str, Any] | None:
    if kind not in cgroup.layout.controllers:
        return None
    raw = _fields(f"{cgroup.folder(kind)}/{kind}.stat")
    if kind == "cpu":
        names = {"total": "usage_usec", "kernel": "system_usec", "user": "user_usec"}
        return {"usage": {key: raw.get(field, 0) * 1000 for key, field in names.items()}, "throttling": {}}
    files = {"usage": "memory.current", "limit": "memory.max", "max": "memory.peak"}
    usage = {key: _number(cgroup, "memory", file) for key, file in files.items()}
    return {"cache": raw.get("file", 0), "usage": usage, "raw": raw}


def _number(cgroup: Cgroup, controller: str, file: str) -> int:
    """0 for `max` and where the kernel has no such file."""
    try:
        text = read(f"{cgroup.folder(controller)}/{file}").strip()
    except FileNotFoundError:
        return 0
    return int(text) if text.isdigit() else 0


def _fields(path: str) -> dict[str, int]:
    fields = {}
    for line in read(path).splitlines():
        key, _, value = line.partition(" ")
        fields[key] = int(value)
    return fields
