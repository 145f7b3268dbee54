"""`boxship oci spec`: a config.json to begin with."""

from __future__ import annotations

import json
import os

from boxship.cli.flags import Flag, Parsed
from boxship.lib.errors import Conflict
from boxship.oci.container import OCI_VERSION
from boxship.oci.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE = "[OPTIONS]"
FLAGS = (Flag("bundle", "b", "string", "The bundle's folder", note="."),)
ARGS = (0, 0)

_CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
_PROTECTED = ["nosuid", "noexec", "nodev"]
_MOUNTS: tuple[tuple[str, str, str, list[str]], ...] = (
    ("/proc", "proc", "proc", []),
    ("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    ("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
    ("/dev/shm", "tmpfs", "shm", [*_PROTECTED, "mode=1777", "size=65536k"]),
    ("/dev/mqueue", "mqueue", "mqueue", _PROTECTED),
    ("/sys", "sysfs", "sysfs", [*_PROTECTED, "ro"]),
    ("/sys/fs/cgroup", "cgroup", "cgroup", [*_PROTECTED, "relatime", "ro"]),
)
_MASKED = ("acpi", "asound", "kcore", "keys", "latency_stats", "timer_list", "timer_stats", "sched_debug", "scsi")
_READ_ONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")


def run(context: Context, parsed: Parsed) -> int:
    path = f"{parsed.text('bundle') or '.'}/config.json"
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError:
        raise Conflict(f"{path} exists: remove it first") from None
    with open(fd, "w") as file:
        json.dump(_example(), file, indent=2)
        file.write("\n")
    return 0


def _example() -> dict[str, Any]:
    return {
        "ociVersion": OCI_VERSION,
        "process": {
            "terminal": True,
            "user": {"uid": 0, "gid": 0},
            "args": ["sh"],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            "cwd": "/",
            "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), _CAPABILITIES),
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            "noNewPrivileges": True,
        },
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "boxship",
        "mounts": [
            {"destination": target, "type": kind, "source": source, "options": options}
            for target, kind, source, options in _MOUNTS
        ],
        "linux": {
            "resources": {"devices": [{"allow": False, "access": "rwm"}]},
            "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount", "cgroup")],
            "maskedPaths": [*(f"/proc/{name}" for name in _MASKED), "/sys/firmware"],
            "readonlyPaths": [f"/proc/{name}" for name in _READ_ONLY],
        },
    }
