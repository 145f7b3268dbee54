"""From the mounts of an OCI runtime spec to steps. Pure.

Sources: OCI runtime-spec config.md ("Linux mount options"), mount(8), mount_setattr(2).
"""

from __future__ import annotations

from boxship.kernel import mount
from boxship.lib.errors import InvalidParameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Step = tuple[str, dict[str, Any]]

# name -> (attributes to set, attributes to clear)
_ATTRIBUTES = {
    "ro": (mount.MOUNT_ATTR_RDONLY, 0),
    "rw": (0, mount.MOUNT_ATTR_RDONLY),
    "nosuid": (mount.MOUNT_ATTR_NOSUID, 0),
    "suid": (0, mount.MOUNT_ATTR_NOSUID),
    "nodev": (mount.MOUNT_ATTR_NODEV, 0),
    "dev": (0, mount.MOUNT_ATTR_NODEV),
    "noexec": (mount.MOUNT_ATTR_NOEXEC, 0),
    "exec": (0, mount.MOUNT_ATTR_NOEXEC),
    "atime": (mount.MOUNT_ATTR_RELATIME, mount.MOUNT_ATTR_ATIME),
    "noatime": (mount.MOUNT_ATTR_NOATIME, mount.MOUNT_ATTR_ATIME),
    "relatime": (mount.MOUNT_ATTR_RELATIME, mount.MOUNT_ATTR_ATIME),
    "strictatime": (mount.MOUNT_ATTR_STRICTATIME, mount.MOUNT_ATTR_ATIME),
    "nodiratime": (mount.MOUNT_ATTR_NODIRATIME, 0),
    "diratime": (0, mount.MOUNT_ATTR_NODIRATIME),
    "nosymfollow": (mount.MOUNT_ATTR_NOSYMFOLLOW, 0),
    "symfollow": (0, mount.MOUNT_ATTR_NOSYMFOLLOW),
}
_PROPAGATION = {
    "private": mount.MS_PRIVATE,
    "slave": mount.MS_SLAVE,
    "shared": mount.MS_SHARED,
    "unbindable": mount.MS_UNBINDABLE,
}
# Options that mount(8) knows and that change nothing here: defaults, or the absence of something.
_IGNORED = frozenset(
    (
        *("defaults", "async", "norelatime", "nostrictatime", "rnorelatime", "rnostrictatime"),
        *("loud", "silent", "noiversion", "nomand", "nolazytime"),
    )
)


def propagation_flags(name: str) -> int:
    """MS_* for `private`, `rslave` and the like, MS_REC with those that begin with r. InvalidParameter."""
    recursive = name.startswith("r") and name[1:] in _PROPAGATION
    flag = _PROPAGATION.get(name[1:] if recursive else name)
    if flag is None:
        raise InvalidParameter(f"unknown mount propagation {name!r}")
    return flag | (mount.MS_REC if recursive else 0)


def known_options() -> list[str]:
    """Every option that is not handed to the file system, sorted."""
    own = ("bind", "rbind", "remount", "tmpcopyup", "idmap", "ridmap")
    recursive = (f"r{name}" for name in (*_ATTRIBUTES, *_PROPAGATION))
    return sorted({*own, *_IGNORED, *_ATTRIBUTES, *_PROPAGATION, *recursive})


class _Options:
    """The options of one mount, sorted by what they are for."""

    def __init__(self, options: list[str]) -> None:
        self.add = self.clear = self.recursive_add = self.recursive_clear = self.propagation = 0
        self.data: list[tuple[str, str | None]] = []
        self.bind = self.recursive = self.remount = self.copy_up = False
        self.map_ids = ""
        for option in options:
            self._take(option)

    def _take(self, option: str) -> None:
        if option in ("bind", "rbind"):
            self.bind = True
            self.recursive = self.recursive or option == "rbind"
        elif option in _ATTRIBUTES:
            set_bits, clear_bits = _ATTRIBUTES[option]
            self.add = self.add & ~clear_bits | set_bits
            self.clear = self.clear & ~set_bits | clear_bits
        elif option.startswith("r") and option[1:] in _ATTRIBUTES:
            set_bits, clear_bits = _ATTRIBUTES[option[1:]]
            self.recursive_add = self.recursive_add & ~clear_bits | set_bits
            self.recursive_clear = self.recursive_clear & ~set_bits | clear_bits
        elif option in _PROPAGATION or (option.startswith("r") and option[1:] in _PROPAGATION):
            self.propagation = propagation_flags(option)
        elif option == "remount":
            self.remount = True
        elif option == "tmpcopyup":
            self.copy_up = True
        elif option in ("idmap", "ridmap"):
            self.map_ids = option
        elif option not in _IGNORED:
            key, equals, value = option.partition("=")
            self.data.append((key, value if equals else None))


def mount_step(entry: dict[str, Any], *, private_cgroupns: bool, label: str) -> Step:
    """The step for one entry of `mounts`. label: linux.mountLabel. InvalidParameter."""
    options = _Options(entry.get("options") or [])
    kind = entry.get("type") or ("bind" if options.bind else "")
    # A relative destination is old use: it counts from the root.
    target = "/" + entry["destination"].lstrip("/")
    if options.remount:
        return (
            "remount",
            {
                "target": target,
                "add": options.add | options.recursive_add,
                "clear": options.clear | options.recursive_clear,
                "propagation": options.propagation,
                "options": [] if options.bind else options.data,
            },
        )
    if options.bind or kind in ("bind", "rbind"):
        return ("bind", _bind(entry, target, options, recursive=options.recursive or kind == "rbind"))
    if options.map_ids or entry.get("uidMappings") or entry.get("gidMappings"):
        raise InvalidParameter(f"mount at {target}: only a bind mount can map user and group ids")
    if kind in ("cgroup", "cgroup2"):
        return ("cgroup_mount", {"target": target, "attributes": options.add, "private": private_cgroupns})
    if options.add & mount.MOUNT_ATTR_RDONLY and kind != "tmpfs":
        # The file system itself, too, as mount(2) has it: it can't be bound again to be written.
        options.data.append(("ro", None))
    if not kind:
        raise InvalidParameter(f"mount at {target}: it has neither a type nor the option bind")
    if label and kind in ("tmpfs", "mqueue", "devpts", "ramfs"):
        options.data.append(("context", label))
    arguments = {
        "kind": kind,
        "source": entry.get("source") or kind,
        "target": target,
        "attributes": options.add | options.recursive_add,
        "options": options.data,
        "propagation": options.propagation,
    }
    if options.copy_up:
        if kind != "tmpfs":
            raise InvalidParameter(f"mount at {target}: tmpcopyup is for tmpfs only, not {kind}")
        arguments["copy_up"] = True
    return ("mount", arguments)


def _bind(entry: dict[str, Any], target: str, options: _Options, *, recursive: bool) -> dict[str, Any]:
    arguments = {
        "source": entry.get("source") or "",
        "target": target,
        "recursive": recursive,
        "add": options.add,
        "clear": options.clear,
        "recursive_add": options.recursive_add,
        "propagation": options.propagation,
    }
    if not arguments["source"]:
        raise InvalidParameter(f"mount at {target}: a bind mount needs a source")
    if options.recursive_clear:
        arguments["recursive_clear"] = options.recursive_clear
    maps = (entry.get("uidMappings") or [], entry.get("gidMappings") or [])
    if bool(maps[0]) != bool(maps[1]):
        raise InvalidParameter(f"mount at {target}: uidMappings and gidMappings go together")
    if maps[0] or options.map_ids:
        # Empty ones stand for those of the container's user namespace.
        arguments["idmap"] = {"uid": maps[0], "gid": maps[1], "recursive": options.map_ids == "ridmap"}
    return arguments
