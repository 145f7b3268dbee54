"""Finding out what this machine can do for containers."""

import os
import re
from pathlib import Path

from boxship.kernel.cgroup import Layout, detect
from boxship.kernel.process import CAPABILITIES, bounding_mask
from boxship.runtime.spec.features import HostFeatures

# A container has nothing but what it brings: only inits that are linked statically run everywhere.
_INIT_BINARIES = (
    *("/usr/libexec/docker/docker-init", "/usr/local/libexec/docker/docker-init", "/usr/lib/docker/docker-init"),
    *("/usr/bin/docker-init", "/usr/local/bin/docker-init", "/usr/sbin/docker-init"),
    *("/usr/bin/tini-static", "/usr/bin/catatonit", "/usr/libexec/podman/catatonit"),
)
_APPARMOR_PARSERS = ("/usr/sbin/apparmor_parser", "/sbin/apparmor_parser")


def find_features() -> HostFeatures:
    """Look at the kernel and the machine (blocks some milliseconds). Unavailable without control groups."""
    layout = detect()
    mask = bounding_mask()
    process_label, file_label = selinux_contexts()
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return HostFeatures(
        cgroup_v2=layout.version == 2,
        cgroup_driver="cgroupfs",
        **(_v2_limits(layout) if layout.version == 2 else _v1_limits(layout)),
        cgroup_namespaces=Path("/proc/self/ns/cgroup").exists(),
        cpus=len(os.sched_getaffinity(0)),
        cpuset_cpus=_available(layout, "cpus", "/sys/devices/system/cpu/online"),
        cpuset_mems=_available(layout, "mems", "/sys/devices/system/node/online"),
        capabilities=tuple(f"CAP_{name}" for number, name in enumerate(CAPABILITIES) if mask >> number & 1),
        kernel=(int(release[1]), int(release[2])) if release else (0, 0),
        machine=os.uname().machine,
        seccomp=Path("/proc/sys/kernel/seccomp/actions_avail").exists(),
        apparmor=_has_apparmor(),
        apparmor_parser=_program(*_APPARMOR_PARSERS),
        selinux=bool(process_label),
        selinux_process=process_label,
        selinux_file=file_label,
        hostname=os.uname().nodename,
        init_binary=_program(*_INIT_BINARIES),
        seccomp_default="",
        default_limits=(),
    )


def _has_apparmor() -> bool:
    # A container manager says in `container` that this is one: its policy is not ours to fill.
    return (
        _text("/sys/module/apparmor/parameters/enabled") == "Y"
        and Path("/sys/kernel/security/apparmor").exists()
        and not os.environ.get("container")  # noqa: SIM112
    )


def selinux_contexts(root: str = "") -> tuple[str, str]:
    """The contexts that the machine's policy has for containers' processes and files, "" where SELinux is off.

    root: what stands before all paths. Sources: selinux(8), /etc/selinux/config; the keys of the file are those of
    libselinux's lxc_contexts(5).
    """
    if not Path(f"{root}/sys/fs/selinux/enforce").exists():
        return "", ""
    policy = _assignments(f"{root}/etc/selinux/config").get("SELINUXTYPE", "targeted")
    for path in ("/usr/share/containers/selinux/contexts", f"/etc/selinux/{policy}/contexts/lxc_contexts"):
        found = _assignments(f"{root}{path}")
        if found.get("process") and found.get("file"):
            return found["process"], found["file"]
    return "", ""


def _assignments(path: str) -> dict[str, str]:
    """`key = "value"` lines; # and ; begin comments."""
    pairs = (line.partition("=") for line in _text(path).splitlines() if line.lstrip()[:1] not in ("#", ";", ""))
    return {key.strip(): value.strip().strip('"') for key, equals, value in pairs if equals}


def _program(*paths: str) -> str:
    return next((path for path in paths if os.access(path, os.X_OK)), "")


def _v1_limits(layout: Layout) -> dict[str, bool]:
    def has(controller: str, *files: str) -> bool:
        root = layout.controllers.get(controller)
        return root is not None and all(Path(root, file).exists() for file in files)

    return {
        "memory_limit": has("memory", "memory.limit_in_bytes"),
        "swap_limit": has("memory", "memory.memsw.limit_in_bytes"),
        "memory_reservation": has("memory", "memory.soft_limit_in_bytes"),
        "memory_swappiness": has("memory", "memory.swappiness"),
        "oom_kill_disable": has("memory", "memory.oom_control"),
        "kernel_memory_tcp": has("memory", "memory.kmem.tcp.limit_in_bytes"),
        "cpu_shares": has("cpu", "cpu.shares"),
        "cpu_cfs": has("cpu", "cpu.cfs_period_us", "cpu.cfs_quota_us"),
        "cpu_realtime": has("cpu", "cpu.rt_period_us", "cpu.rt_runtime_us"),
        "cpuset": has("cpuset"),
        "block_weight": has("blkio", "blkio.weight"),
        "block_weight_device": has("blkio", "blkio.weight_device"),
        "block_throttle": has("blkio", "blkio.throttle.read_bps_device"),
        "pids_limit": has("pids"),
    }


def _v2_limits(layout: Layout) -> dict[str, bool]:
    # The root group has few of the files; any group below shows what the kernel was built with.
    root = Path(layout.roots[0])
    names = {path.name for group in root.iterdir() if group.is_dir() for path in group.iterdir()}
    memory, cpu, io = (name in layout.controllers for name in ("memory", "cpu", "io"))
    # Groups get io.weight where the kernel has the cost model, whose settings are files of the root.
    weight = io and ("io.weight" in names or (root / "io.cost.qos").exists())
    return {
        "memory_limit": memory,
        "swap_limit": memory and (not any(name.startswith("memory.") for name in names) or "memory.swap.max" in names),
        "memory_reservation": memory,
        "memory_swappiness": False,
        "oom_kill_disable": False,
        "kernel_memory_tcp": False,
        "cpu_shares": cpu,
        "cpu_cfs": cpu,
        "cpu_realtime": False,
        "cpuset": "cpuset" in layout.controllers,
        "block_weight": weight,
        "block_weight_device": weight,
        "block_throttle": io,
        "pids_limit": "pids" in layout.controllers,
    }


def _available(layout: Layout, kind: str, fallback: str) -> str:
    root = layout.controllers.get("cpuset", "")
    return (
        _text(f"{root}/cpuset.{kind}.effective")
        or _text(f"{root}/cpuset.effective_{kind}")
        or _text(f"{root}/cpuset.{kind}")
        or _text(fallback)
        or "0"
    )


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""
