"""One reading of everything that a running container uses."""

import json
from typing import Any

from boxship.engine.stats import v1, v2
from boxship.engine.stats.text import networks, number, system_cpu
from boxship.kernel.cgroup import Cgroup, detect
from boxship.kernel.cgroup.files import read
from boxship.lib.clock import now_ns, rfc3339nano

NEVER = "0001-01-01T00:00:00Z"
"""Go's zero time."""


def nothing() -> dict[str, Any]:
    """The figures of a container that does not run."""
    return {
        "read": NEVER,
        "preread": NEVER,
        "pids_stats": {},
        "blkio_stats": dict.fromkeys(("io_service_bytes_recursive", *v2.NO_FIGURES)),
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": _no_cpu(),
        "precpu_stats": _no_cpu(),
        "memory_stats": {},
    }


def _no_cpu() -> dict[str, Any]:
    return {
        "cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0},
        "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
    }


def control_group(bundle: str) -> Cgroup:
    """The control group of a run, from the plan in its bundle (blocks). OSError when the run is over."""
    with open(f"{bundle}/plan.json", "rb") as file:
        return Cgroup(json.load(file)["cgroup"]["path"], detect())


def sample(group: Cgroup, pid: int, total_memory: int, *, own_network: bool) -> dict[str, Any]:
    """The figures now (blocks, below a millisecond). OSError when the container has ended.

    pid: its first process; total_memory: the machine's, in bytes; own_network: it is not the host's.
    """

    def files(controller: str, name: str) -> str:
        try:
            return read(f"{group.folder(controller)}/{name}")
        except (FileNotFoundError, KeyError):
            return ""

    version = v2 if group.layout.version == 2 else v1
    current = files("pids", "pids.current")
    limit = number(files("pids", "pids.max"))
    machine, processors = system_cpu(read("/proc/stat"))
    cpu = version.cpu(files)
    usage = {
        "read": rfc3339nano(now_ns()),
        "preread": NEVER,
        "pids_stats": ({"current": number(current)} if current else {}) | ({"limit": limit} if limit else {}),
        "blkio_stats": version.block(files),
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": {
            "cpu_usage": cpu["cpu_usage"],
            "system_cpu_usage": machine,
            "online_cpus": processors,
            "throttling_data": cpu["throttling_data"],
        },
        "precpu_stats": _no_cpu(),
        "memory_stats": version.memory(files, total_memory),
    }
    if own_network and (interfaces := networks(read(f"/proc/{pid}/net/dev"))):
        usage["networks"] = interfaces
    return usage
