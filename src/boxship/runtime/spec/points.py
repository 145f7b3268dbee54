"""Everything that is mounted into a container on somebody's request: -v, --mount, --tmpfs. Pure."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from boxship.lib.errors import InvalidParameter, Unsupported
from boxship.model.config import ContainerConfig, HostConfig, Mount
from boxship.model.container import NO_RULES, BindRules
from boxship.runtime.spec.binds import DEFAULT_PROPAGATION, PROPAGATIONS, clean, parse_bind, target_fault
from boxship.runtime.spec.tmpfs import mount_options, parse_tmpfs

# Which group of options belongs to which type of --mount.
_OPTION_GROUPS = {
    "bind": "BindOptions",
    "volume": "VolumeOptions",
    "image": "ImageOptions",
    "tmpfs": "TmpfsOptions",
}
_VOLUME_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_NO_VOLUMES = "volumes are not supported yet; bind a folder of the host instead: -v /folder:{target}"


@dataclass(frozen=True, slots=True)
class MountPoint:
    """kind: "bind" or "tmpfs". options: as in the OCI spec.

    make_source: a missing source is made as a folder before the start. propagation: "" for a tmpfs. chosen: whether
    the propagation was asked for. mode: as `-v` wrote it. relabel: "z" for an SELinux label that all containers share,
    "Z" for the container's own.
    """

    kind: str
    source: str
    target: str
    options: list[str] = field(default_factory=list)
    read_only: bool = False
    propagation: str = ""
    chosen: bool = False
    mode: str = ""
    make_source: bool = False
    relabel: str = ""


def mount_points(config: ContainerConfig, host: HostConfig, rules: BindRules = NO_RULES) -> list[MountPoint]:
    """All of them, in the order of the request. InvalidParameter and BoxshipError in Docker's words, Unsupported for
    volumes and images.
    """
    points = list(_points(config, host, rules))
    seen: set[str] = set()
    for point in points:
        if point.target in seen:
            raise InvalidParameter(f"Duplicate mount point: {point.target}")
        seen.add(point.target)
    return points


def _points(config: ContainerConfig, host: HostConfig, rules: BindRules) -> Iterator[MountPoint]:
    bound = set()
    for text in host.binds or ():
        bind = parse_bind(text)
        if bind.is_volume:
            _check_volume_name(bind.source)
            raise Unsupported(_NO_VOLUMES.format(target=bind.target))
        bound.add(bind.target)
        propagation = _propagation(bind.propagation, bind.source, rules)
        read_only = "ro" if rules.flat_read_only else "rro"
        options = ["rbind", *([read_only] if bind.read_only else []), propagation]
        yield MountPoint(
            "bind",
            bind.source,
            bind.target,
            options,
            bind.read_only,
            propagation,
            bool(bind.propagation),
            bind.mode,
            make_source=True,
            relabel=bind.relabel,
        )
    for mount in host.mounts or ():
        bound.add(clean(mount.target))
        yield _mount(mount, rules)
    for target, text in (host.tmpfs or {}).items():
        if reason := target_fault(target):
            raise InvalidParameter(reason)
        bound.add(clean(target))
        options = parse_tmpfs(text)
        yield MountPoint("tmpfs", "tmpfs", clean(target), options, "ro" in options)
    for target in config.volumes or ():
        if clean(target) not in bound:
            raise Unsupported(
                f"the image or the command asks for a volume at {target}, and volumes are not supported yet\n"
                f"  with a folder of the host:  -v /folder:{target}\n"
                f"  in memory:                  --tmpfs {target}"
            )


def _propagation(asked: str, source: str, rules: BindRules) -> str:
    """InvalidParameter where a bind could keep the engine's own mounts busy."""
    root = rules.data_root
    if not root or not (_holds(root, source) or _holds(source, root)):
        return asked or DEFAULT_PROPAGATION
    if asked not in ("", "rslave", "rshared"):
        raise InvalidParameter(
            'invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is within '
            f'the daemon root, daemon root: "{root}", bind mount source: "{source}", propagation: "{asked}"'
        )
    return asked or "rslave"


def _holds(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _mount(mount: Mount, rules: BindRules) -> MountPoint:
    kind = mount.type
    if kind not in _OPTION_GROUPS:
        raise _fault(mount, "mount type unknown")
    groups = {
        "BindOptions": mount.bind_options,
        "VolumeOptions": mount.volume_options,
        "ImageOptions": mount.image_options,
        "TmpfsOptions": mount.tmpfs_options,
    }
    for group, value in groups.items():
        if value is not None and group != _OPTION_GROUPS[kind]:
            raise InvalidParameter(f'{group} must not be specified on mount type "{kind}"')
    if not mount.target:
        raise _fault(mount, "field Target must not be empty")
    if reason := target_fault(mount.target):
        raise _fault(mount, reason)
    if kind == "bind":
        return _bind(mount, mount.bind_options or {}, rules)
    if kind == "tmpfs":
        if mount.source:
            raise _fault(mount, "field Source must not be specified")
        options = mount_options(mount.tmpfs_options or {}, read_only=mount.read_only)
        return MountPoint("tmpfs", "tmpfs", clean(mount.target), options, mount.read_only)
    if kind == "image":
        raise Unsupported("--mount type=image is not supported yet")
    _check_volume_name(mount.source)
    raise Unsupported(_NO_VOLUMES.format(target=mount.target))


def _check_volume_name(name: str) -> None:
    if name and not _VOLUME_NAME.fullmatch(name):
        raise InvalidParameter(
            f'create {name}: "{name}" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'
        )


def _bind(mount: Mount, options: dict[str, Any], rules: BindRules) -> MountPoint:
    if not mount.source:
        raise _fault(mount, "field Source must not be empty")
    if not mount.source.startswith("/"):
        raise _fault(mount, f"invalid mount path: '{mount.source}' mount path must be absolute")
    asked = options.get("Propagation") or ""
    if asked and asked not in PROPAGATIONS:
        raise _fault(mount, f"invalid propagation mode: {asked}")
    source = posixpath.normpath(mount.source)
    propagation = _propagation(asked, source, rules)
    flat = bool(options.get("NonRecursive"))
    read_only = []
    if mount.read_only:
        read_only = ["ro" if flat or options.get("ReadOnlyNonRecursive") else "rro"]
    return MountPoint(
        "bind",
        source,
        clean(mount.target),
        ["bind" if flat else "rbind", *read_only, propagation],
        mount.read_only,
        propagation,
        bool(asked),
        make_source=bool(options.get("CreateMountpoint")),
    )


def _fault(mount: Mount, reason: str) -> InvalidParameter:
    return InvalidParameter(f'invalid mount config for type "{mount.type}": {reason}')
