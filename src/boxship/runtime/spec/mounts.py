"""`mounts` of a spec: what every container has, then what was asked for."""

from typing import Any

from boxship.model.config import HostConfig
from boxship.runtime.spec.input import SpecInput
from boxship.runtime.spec.points import MountPoint, mount_points
from boxship.runtime.spec.process import INIT_PATH, needs_init
from boxship.runtime.spec.security import Security

_DEFAULT_SHM_SIZE = 64 << 20


def _mount(target: str, kind: str, source: str, *options: str) -> dict[str, Any]:
    return {"destination": target, "type": kind, "source": source, "options": list(options)}


_PROC = _mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev")
_DEV = _mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k")
_DEVPTS = _mount(
    *("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5")
)
_SYS = _mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro")
_SYS_WRITABLE = _mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev")
_CGROUP = _mount("/sys/fs/cgroup", "cgroup", "cgroup", "ro", "nosuid", "noexec", "nodev")
_CGROUP_WRITABLE = _mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev")
_MQUEUE = _mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev")
_HOST_SHM = _mount("/dev/shm", "bind", "/dev/shm", "rbind", "rprivate")


def build_mounts(source: SpecInput, security: Security) -> list[dict[str, Any]]:
    """All mounts in the order in which they are made: a place comes after the mount that holds it."""
    host = source.host
    asked = mount_points(source.config, host, source.binds)
    targets = {point.target for point in asked}
    mounts = [mount for mount in _defaults(host, security) if not _is_covered(mount["destination"], targets)]
    if asked:
        # Fewer parts first; within that in the order of the request.
        asked.sort(key=lambda point: point.target.count("/"))
        mounts += [_of(point) for point in asked]
    if needs_init(host, source.features):
        mounts.append(_mount(INIT_PATH, "bind", source.features.init_binary, "bind", "ro"))
    files = (
        ("/etc/resolv.conf", source.resolv_conf_path),
        ("/etc/hostname", source.hostname_path),
        ("/etc/hosts", source.hosts_path),
    )
    read_only = ("rro",) if host.readonly_rootfs else ()
    mounts += [
        _mount(target, "bind", path, "rbind", *read_only, "rprivate")
        for target, path in files
        if path and target not in targets
    ]
    return mounts


def has_own_shm(source: SpecInput) -> bool:
    """Whether /dev/shm is left to the IPC mode: nothing that was asked for is mounted there."""
    return not _is_covered("/dev/shm", {point.target for point in mount_points(source.config, source.host)})


def _defaults(host: HostConfig, security: Security) -> list[dict[str, Any]]:
    writable_cgroups = security.writable_cgroups
    if writable_cgroups is None:
        writable_cgroups = host.privileged
    mounts = [
        _PROC,
        _DEV,
        _DEVPTS,
        _SYS_WRITABLE if host.privileged else _SYS,
        _CGROUP_WRITABLE if writable_cgroups else _CGROUP,
        _MQUEUE,
    ]
    if host.ipc_mode == "host":
        mounts.append(_HOST_SHM)
    elif host.ipc_mode != "none" and not host.ipc_mode.startswith("container:"):
        size = f"size={host.shm_size or _DEFAULT_SHM_SIZE}"
        mounts.append(_mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", size))
    return mounts


def _is_covered(target: str, asked: set[str]) -> bool:
    return target in asked or ("/dev" in asked and target.startswith("/dev/"))


def _of(point: MountPoint) -> dict[str, Any]:
    return {
        "destination": point.target,
        "type": point.kind,
        "source": point.source,
        "options": point.options,
    }
