"""An OCI runtime spec from a container's configuration. Pure; below half a millisecond."""

import json
from typing import Any

from boxship.runtime.spec.capabilities import container_capabilities
from boxship.runtime.spec.devices import device_nodes
from boxship.runtime.spec.input import SpecInput
from boxship.runtime.spec.mounts import build_mounts, has_own_shm
from boxship.runtime.spec.namespaces import build_namespaces
from boxship.runtime.spec.process import GROUPS_ANNOTATION, build_process
from boxship.runtime.spec.resources import build_resources
from boxship.runtime.spec.security import read_security, seccomp_profile
from boxship.runtime.spec.sysctls import build_sysctls

OCI_VERSION = "1.2.1"
OVERLAY_ANNOTATION = "boxship.overlay"
SHM_ANNOTATION = "boxship.shm"
"""The mount namespace whose /dev/shm the container shares: that of the container whose IPC namespace it joins."""

MASKED_PATHS = (
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
)
READONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def build_spec(source: SpecInput) -> dict[str, Any]:
    """The runtime spec (config.json) of one container. Parts of it are shared between calls: not to be changed.

    NotFound for a network that is not there; else what `check` has let through is taken as it is.
    """
    config, host = source.config, source.host
    security = read_security(host.security_opt)
    process = build_process(config, host, source.features, source.labels.process)
    linux: dict[str, Any] = {
        "resources": build_resources(host, source.features, source.prepared),
        "cgroupsPath": cgroup_path(source),
        "namespaces": build_namespaces(host, source.features, source.joined),
    }
    if sysctls := build_sysctls(host):
        linux["sysctl"] = sysctls
    if source.prepared.devices:
        linux["devices"] = device_nodes(source.prepared)
    capabilities = container_capabilities(host, source.features)
    if (profile := seccomp_profile(security, host, capabilities, source.features)) is not None:
        linux["seccomp"] = profile
    if masked := _paths(host.masked_paths, MASKED_PATHS, privileged=host.privileged):
        linux["maskedPaths"] = masked
    if read_only := _paths(host.readonly_paths, READONLY_PATHS, privileged=host.privileged):
        linux["readonlyPaths"] = read_only
    if source.labels.mount:
        linux["mountLabel"] = source.labels.mount
    if source.prepared.propagation:
        linux["rootfsPropagation"] = source.prepared.propagation

    spec: dict[str, Any] = {
        "ociVersion": OCI_VERSION,
        "process": process,
        "root": {"path": source.rootfs, **({"readonly": True} if host.readonly_rootfs else {})},
        "mounts": build_mounts(source, security),
        "annotations": _annotations(source),
        "linux": linux,
    }
    if host.uts_mode != "host":
        spec["hostname"] = config.hostname
        if config.domainname:
            spec["domainname"] = config.domainname
    return spec


def cgroup_path(source: SpecInput) -> str:
    """Where the container's control group lies, from the root of each hierarchy; for systemd, slice and scope."""
    parent = source.host.cgroup_parent or source.cgroup_parent
    if source.features.cgroup_driver == "systemd":
        return f"{parent}:boxship:{source.container_id}"
    return f"/{parent.strip('/')}/{source.container_id}"


def _paths(given: list[str] | None, default: tuple[str, ...], *, privileged: bool) -> list[str]:
    if given is not None:
        return given
    return [] if privileged else list(default)


def _annotations(source: SpecInput) -> dict[str, str]:
    root = source.root
    annotations = dict(source.host.annotations or {})
    annotations[OVERLAY_ANNOTATION] = json.dumps({"lower": list(root.lower), "upper": root.upper, "work": root.work})
    if "ipc" in source.joined and has_own_shm(source):
        # /proc/PID/ns/ipc: the same process's mounts.
        annotations[SHM_ANNOTATION] = f"{source.joined['ipc'].rpartition('/')[0]}/mnt"
    if source.host.group_add:
        annotations[GROUPS_ANNOTATION] = ",".join(source.host.group_add)
    return annotations
