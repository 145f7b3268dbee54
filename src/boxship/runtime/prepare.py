"""What has to be done and looked up on the host before a container's spec can be built."""

import os
import stat
from collections.abc import Iterator

from boxship.kernel.cgroup.layout import unescape
from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.model.config import ContainerConfig, DeviceMapping, HostConfig
from boxship.model.container import NO_RULES, BindRules
from boxship.runtime.relabel import relabel
from boxship.runtime.spec.input import DeviceNode, Prepared
from boxship.runtime.spec.labels import shared_label
from boxship.runtime.spec.points import MountPoint, mount_points

# Folders of /dev that a container has of its own.
_OWN_FOLDERS = frozenset(("pts", "shm", "fd", "mqueue", "hugepages", ".lxc", ".lxd-mounts", ".udev"))
_OWN_NODES = frozenset(("console", "ptmx"))


def prepare(
    config: ContainerConfig, host: HostConfig, *, mount_label: str = "", rules: BindRules = NO_RULES
) -> Prepared:
    """Make the sources of `-v` that are missing and label them, look up devices, check mount propagation (blocks).

    InvalidParameter for a `--mount` whose source is gone; BoxshipError in Docker's words for devices that are none and
    mounts that can't propagate; OSError when a source can't be made.
    """
    points = mount_points(config, host, rules)
    _check_names([*(point.source for point in points), *(mapping.path_on_host for mapping in host.devices or ())])
    for point in points:
        if point.kind == "bind" and not os.path.exists(point.source):
            if not point.make_source:
                raise InvalidParameter(
                    f'invalid mount config for type "bind": bind source path does not exist: {point.source}'
                )
            os.makedirs(point.source, mode=0o755, exist_ok=True)
        if point.relabel and mount_label:
            relabel(point.source, shared_label(mount_label) if point.relabel == "z" else mount_label)
    if host.privileged:
        devices = tuple(_all_devices("/dev"))
    else:
        devices = tuple(node for mapping in host.devices or () for node in _mapped(mapping))
    return Prepared(devices=devices, blocks=_blocks(host), propagation=_propagation(points))


def _check_names(paths: list[str]) -> None:
    for path in paths:
        # JSON can carry one, no path can; the kernel would be told the part before it.
        if "\0" in path:
            raise BoxshipError(f"stat {path}: invalid argument")


def _mapped(mapping: DeviceMapping) -> Iterator[DeviceNode]:
    """The devices of one --device: a node, or all nodes below a folder."""
    source, target = mapping.path_on_host, mapping.path_in_container or mapping.path_on_host
    access = mapping.cgroup_permissions or "rwm"
    fault = f'error gathering device information while adding custom device "{source}"'
    real = os.path.realpath(source)
    try:
        status = os.stat(real)
    except OSError as error:
        raise BoxshipError(f"{fault}: {os.strerror(error.errno or 0).lower()}") from None
    if stat.S_ISDIR(status.st_mode):
        found = False
        for folder, _, names in os.walk(real):
            for name in sorted(names):
                path = f"{folder}/{name}"
                node = _node(path, target + path[len(real) :], os.lstat(path), access)
                if node is not None:
                    found = True
                    yield node
        if found:
            return
    node = _node(real, target, status, access)
    if node is None:
        raise BoxshipError(f"{fault}: not a device node")
    yield node


def _all_devices(folder: str) -> Iterator[DeviceNode]:
    """Every device node below /dev, for --privileged."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _OWN_FOLDERS:
                yield from _all_devices(entry.path)
        elif entry.name not in _OWN_NODES:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                # Devices come and go.
                continue
            node = _node(entry.path, entry.path, status, "")
            if node is not None:
                yield node


def _node(path: str, target: str, status: os.stat_result, access: str) -> DeviceNode | None:
    if stat.S_ISCHR(status.st_mode):
        kind = "c"
    elif stat.S_ISBLK(status.st_mode):
        kind = "b"
    else:
        return None
    return DeviceNode(
        path=target,
        kind=kind,
        major=os.major(status.st_rdev),
        minor=os.minor(status.st_rdev),
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        access=access,
    )


def _blocks(host: HostConfig) -> dict[str, tuple[int, int]]:
    wanted = (
        host.blkio_weight_device,
        host.blkio_device_read_bps,
        host.blkio_device_write_bps,
        host.blkio_device_read_iops,
        host.blkio_device_write_iops,
    )
    numbers: dict[str, tuple[int, int]] = {}
    _check_names([device.path for devices in wanted for device in devices or ()])
    for devices in wanted:
        for device in devices or ():
            try:
                device_number = os.stat(device.path).st_rdev
            except OSError as error:
                reason = os.strerror(error.errno or 0).lower()
                raise BoxshipError(f"stat {device.path}: {reason}") from None
            numbers[device.path] = (os.major(device_number), os.minor(device_number))
    return numbers


def _propagation(points: list[MountPoint]) -> str:
    """The propagation that the container's root needs, so that those of its binds can be kept."""
    # Of several of a kind one that was asked for.
    wanted = {point.propagation.removeprefix("r"): point for point in sorted(points, key=lambda point: point.chosen)}
    result = ""
    for kind, marks in (("slave", ("shared:", "master:")), ("shared", ("shared:",))):
        point = wanted.get(kind)
        if point is None:
            continue
        mountpoint, tags = _mount_of(os.path.realpath(point.source))
        if not any(tag.startswith(marks) for tag in tags):
            if not point.chosen:
                # What nobody asked for need not be possible.
                continue
            what = "shared or slave" if kind == "slave" else "shared"
            raise BoxshipError(f"path {point.source} is mounted on {mountpoint} but it is not a {what} mount")
        result = "rslave" if kind == "slave" else "shared"
    return result


def _mount_of(path: str) -> tuple[str, list[str]]:
    """The mount that holds `path`: its mount point and its optional fields (proc_pid_mountinfo(5))."""
    best: tuple[str, list[str]] = ("", [])
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            fields = line.partition(" - ")[0].split(" ")
            mountpoint = unescape(fields[4])
            below = path == mountpoint or path.startswith(mountpoint.rstrip("/") + "/")
            if below and len(mountpoint) >= len(best[0]):
                best = (mountpoint, fields[6:])
    return best
