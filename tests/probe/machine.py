"""What of the machine the sections of a report hang on: answers are compared where that is the same."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from tests.facts import features as facts
from tests.probe.disk import disk

# Section -> the features that it hangs on, on top of those of the set of options.
SECTIONS: dict[str, tuple[str, ...]] = {
    "identity": (),
    "environment": (),
    "signals": (),
    "process": (),
    "limits": (),
    "files": (),
    "devices": (),
    "sysctls": ("cgroup",),
    "rights": (),
    "making": ("cgroup", "apparmor"),
    "hidden": ("hidden", "apparmor"),
    "groups": ("cgroup", "controllers", "cpus", "swap"),
    "mounts": ("hidden", "cgroup", "controllers"),
    "namespaces": ("cgroup",),
    "confined": ("apparmor",),
    "system calls": ("arch",),
}
# What a set of options may hang on besides, and which sections then do.
BESIDES = {
    "capbnd": ("rights", "making", "hidden", "devices", "system calls"),
    "disk": ("groups",),
    "nodes": ("devices",),
    "swap": ("groups",),
}

_HIDDEN = ("acpi", "asound", "interrupts", "kcore", "keys", "latency_stats", "sched_debug", "scsi", "timer_list")


def _hidden() -> str:
    """The paths that are hidden from containers, where this kernel has them."""
    paths = [*(f"/proc/{name}" for name in _HIDDEN), "/sys/devices/virtual/powercap", "/sys/firmware"]
    paths += ["/proc/timer_stats", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger"]
    return " ".join(path for path in (*paths, "/sys/kernel/uevent_helper") if Path(path).exists())


def _nodes() -> str:
    """A digest of the devices that a privileged container gets: their names, numbers, modes."""
    found = []
    for folder, _, names in os.walk("/dev"):
        for name in names:
            status = os.lstat(f"{folder}/{name}")
            if stat.S_IFMT(status.st_mode) in (stat.S_IFCHR, stat.S_IFBLK) and not name.startswith("vcs"):
                found.append(f"{folder}/{name} {status.st_rdev} {status.st_mode:o}")
    own = ("/dev/pts/", "/dev/shm/", "/dev/mqueue/")
    listed = "\n".join(sorted(line for line in found if not line.startswith(own)))
    return hashlib.sha256(listed.encode()).hexdigest()[:16]


def machine_features() -> dict[str, str]:
    """All features that a report may hang on, as this machine has them."""
    names = {"capbnd", *(name for needed in SECTIONS.values() for name in needed)} - {"hidden"}
    return facts.features(tuple(sorted(names))) | {"hidden": _hidden(), "nodes": _nodes(), "disk": disk()}
