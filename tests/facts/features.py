"""The features of a host that answers depend on. Each is one word, compared as it is."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path


def _cgroup() -> str:
    return "v2" if Path("/sys/fs/cgroup/cgroup.controllers").exists() else "v1"


def _controllers() -> str:
    if _cgroup() == "v2":
        return " ".join(sorted(Path("/sys/fs/cgroup/cgroup.controllers").read_text().split()))
    listed = [line.split(":")[1] for line in Path("/proc/self/cgroup").read_text().splitlines()]
    # hugetlb is there as soon as anybody on the machine has mounted it, a container is never put into it.
    return " ".join(sorted(name for name in listed if name not in ("", "hugetlb")))


def _status(field: str) -> str:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return line.split()[1]
    return "none"


def _apparmor() -> str:
    path = Path("/sys/module/apparmor/parameters/enabled")
    return path.read_text().strip() if path.exists() else "none"


def _filesystems() -> str:
    """Pseudo file systems and paths under /proc and /sys that a container has masked or mounted."""
    paths = (
        "/proc/acpi",
        "/proc/asound",
        "/proc/scsi",
        "/proc/timer_list",
        "/proc/kcore",
        "/sys/firmware",
        "/dev/mqueue",
    )
    return " ".join(path for path in paths if Path(path).exists())


FEATURES: dict[str, Callable[[], str]] = {
    "arch": platform.machine,
    "cgroup": _cgroup,
    "controllers": _controllers,
    "kernel": lambda: ".".join(platform.release().split(".")[:2]),
    "apparmor": _apparmor,
    "capbnd": lambda: _status("CapBnd"),
    "paths": _filesystems,
    "swap": lambda: str(Path("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes").exists() or _cgroup() == "v2"),
    "cpus": lambda: str(len(os.sched_getaffinity(0))),
}


def features(names: tuple[str, ...]) -> dict[str, str]:
    """The values of some features on this machine."""
    return {name: FEATURES[name]() for name in names}
