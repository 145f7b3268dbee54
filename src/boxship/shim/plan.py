"""From an OCI runtime spec to the operations that make its container. Pure: values in, values out.

A plan is plain JSON, so that it can be kept beside the container, shown, and carried out by a monitor of another
version: `{"version", "namespaces", "join", "steps", "process", "cgroup", …}`. Each step is
`[name, arguments]`; `shim/steps.py` has one function a name. Sources: OCI runtime-spec config.md and
config-linux.md, mount(8) for the options' names.
"""

from __future__ import annotations

from boxship.kernel import mount
from boxship.kernel.process import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWTIME,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
)
from boxship.lib.errors import InvalidParameter
from boxship.lib.plainjson import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Step = tuple[str, dict[str, Any]]

VERSION = 1

NAMESPACE_FLAGS = {
    "mount": CLONE_NEWNS,
    "pid": CLONE_NEWPID,
    "network": CLONE_NEWNET,
    "ipc": CLONE_NEWIPC,
    "uts": CLONE_NEWUTS,
    "cgroup": CLONE_NEWCGROUP,
    "user": CLONE_NEWUSER,
    "time": CLONE_NEWTIME,
}

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
# Options that mount(8) knows and that change nothing here.
_IGNORED = {"defaults", "async", "norelatime", "nostrictatime", "atime", "loud", "tmpcopyup"}

DEFAULT_DEVICES = (
    ("/dev/null", 1, 3),
    ("/dev/zero", 1, 5),
    ("/dev/full", 1, 7),
    ("/dev/random", 1, 8),
    ("/dev/urandom", 1, 9),
    ("/dev/tty", 5, 0),
)
_DEVICE_LINKS = (
    ("/proc/self/fd", "/dev/fd"),
    ("/proc/self/fd/0", "/dev/stdin"),
    ("/proc/self/fd/1", "/dev/stdout"),
    ("/proc/self/fd/2", "/dev/stderr"),
)


def plan(spec: dict[str, Any], *, seccomp_program: str = "") -> dict[str, Any]:
    """The operations for one container.

    seccomp_program: the file that holds the compiled filter, "" when the spec has none. InvalidParameter for what
    the spec asks and no step can do.
    """
    linux = spec.get("linux", {})
    create, join = _namespaces(linux.get("namespaces", []))
    steps: list[Step] = []
    if create & CLONE_NEWCGROUP:
        steps.append(("unshare", {"flags": CLONE_NEWCGROUP}))
        create &= ~CLONE_NEWCGROUP
    if create & CLONE_NEWNET:
        steps.append(("loopback", {}))
    if spec.get("hostname"):
        steps.append(("hostname", {"name": spec["hostname"]}))
    if spec.get("domainname"):
        steps.append(("domainname", {"name": spec["domainname"]}))
    private_cgroupns = any(
        namespace["type"] == "cgroup" and not namespace.get("path") for namespace in linux.get("namespaces", [])
    )
    steps += _root_steps(spec, private_cgroupns)
    process = dict(spec["process"])
    if seccomp_program:
        process["seccompProgram"] = seccomp_program
    if spec.get("annotations", {}).get("boxship.groups"):
        process["groups"] = spec["annotations"]["boxship.groups"].split(",")
    return {
        "version": VERSION,
        "namespaces": create,
        "join": join,
        "steps": steps,
        "process": process,
        "cgroup": {"path": linux.get("cgroupsPath", ""), "resources": linux.get("resources", {})},
    }


def _namespaces(wanted: list[dict[str, str]]) -> tuple[int, list[tuple[int, str]]]:
    create = 0
    join: list[tuple[int, str]] = []
    for namespace in wanted:
        flag = NAMESPACE_FLAGS.get(namespace["type"])
        if flag is None:
            raise InvalidParameter(f"unknown namespace type {namespace['type']!r} in linux.namespaces")
        if namespace.get("path"):
            join.append((flag, namespace["path"]))
        else:
            create |= flag
    if not create & CLONE_NEWNS and not any(flag == CLONE_NEWNS for flag, _ in join):
        raise InvalidParameter("a container without a mount namespace is not possible")
    return create, join


def _root_steps(spec: dict[str, Any], private_cgroupns: bool) -> list[Step]:
    linux = spec.get("linux", {})
    root = spec["root"]
    propagation = _propagation(linux.get("rootfsPropagation") or "rslave")
    steps: list[Step] = [("propagation", {"flags": propagation})]
    pivot: dict[str, Any] = {"readonly": bool(root.get("readonly"))}
    mounts = [_mount_step(entry, private_cgroupns) for entry in spec.get("mounts", [])]
    if propagation & mount.MS_SHARED:
        # The container's mounts must not appear on the host, below the folder that its root is mounted on.
        binds = [(made["source"], made["recursive"]) for name, made in mounts if name == "bind"]
        steps += [("clone", {"binds": binds}), ("private_parent", {"path": root["path"]})]
        pivot["propagation"] = propagation
    overlay = spec.get("annotations", {}).get("boxship.overlay")
    if overlay:
        steps.append(("overlay", {"target": root["path"], **decode(overlay)}))
    else:
        steps.append(("root", {"path": root["path"]}))
    has_dev = False
    for entry, step in zip(spec.get("mounts", []), mounts, strict=True):
        steps.append(step)
        if entry["destination"].rstrip("/") == "/dev" and entry.get("type") != "bind":
            has_dev = True
            steps += _device_steps(linux.get("devices", []))
    if not has_dev:
        steps += [("device", _device(device)) for device in linux.get("devices", [])]
    if spec["process"].get("terminal"):
        steps.append(("console", {}))
    # Device nodes of a read-only /dev had to be made first.
    for key, value in (linux.get("sysctl") or {}).items():
        steps.append(("sysctl", {"key": key, "value": value}))
    steps += [("readonly", {"path": path}) for path in linux.get("readonlyPaths") or []]
    steps += [("mask", {"path": path}) for path in linux.get("maskedPaths") or []]
    cwd = spec["process"].get("cwd") or "/"
    if cwd != "/":
        steps.append(("workdir", {"path": cwd}))
    steps.append(("pivot", pivot))
    return steps


def _device_steps(extra: list[dict[str, Any]]) -> list[Step]:
    steps: list[Step] = [
        ("device", {"path": path, "kind": "c", "major": major, "minor": minor, "mode": 0o666, "uid": 0, "gid": 0})
        for path, major, minor in DEFAULT_DEVICES
    ]
    defaults = {path for path, _, _ in DEFAULT_DEVICES}
    steps += [("device", _device(device)) for device in extra if device["path"] not in defaults]
    steps += [("symlink", {"target": target, "path": path}) for target, path in _DEVICE_LINKS]
    steps.append(("symlink", {"target": "pts/ptmx", "path": "/dev/ptmx"}))
    return steps


def _device(device: dict[str, Any]) -> dict[str, Any]:
    return {
        "path": device["path"],
        "kind": device["type"],
        "major": device.get("major", 0),
        "minor": device.get("minor", 0),
        "mode": device.get("fileMode", 0o666) & 0o7777,
        "uid": device.get("uid", 0),
        "gid": device.get("gid", 0),
    }


def _propagation(name: str) -> int:
    recursive = name.startswith("r") and name[1:] in _PROPAGATION
    flag = _PROPAGATION.get(name[1:] if recursive else name)
    if flag is None:
        raise InvalidParameter(f"unknown mount propagation {name!r}")
    return flag | (mount.MS_REC if recursive else 0)


def _mount_step(entry: dict[str, Any], private_cgroupns: bool) -> Step:
    add = clear = recursive_add = propagation = 0
    data: list[tuple[str, str | None]] = []
    bind = recursive = False
    for option in entry.get("options") or []:
        if option in ("bind", "rbind"):
            bind = True
            recursive = option == "rbind"
        elif option in _ATTRIBUTES:
            set_bits, clear_bits = _ATTRIBUTES[option]
            add = add & ~clear_bits | set_bits
            clear = clear & ~set_bits | clear_bits
        elif option.startswith("r") and option[1:] in _ATTRIBUTES:
            recursive_add |= _ATTRIBUTES[option[1:]][0]
        elif option in _PROPAGATION or (option.startswith("r") and option[1:] in _PROPAGATION):
            propagation = _propagation(option)
        elif option not in _IGNORED:
            key, equals, value = option.partition("=")
            data.append((key, value if equals else None))
    kind = entry.get("type") or ("bind" if bind else "")
    target = entry["destination"]
    if bind or kind in ("bind", "rbind"):
        return (
            "bind",
            {
                "source": entry["source"],
                "target": target,
                "recursive": recursive or kind == "rbind",
                "add": add,
                "clear": clear,
                "recursive_add": recursive_add,
                "propagation": propagation,
            },
        )
    if kind in ("cgroup", "cgroup2"):
        return ("cgroup_mount", {"target": target, "attributes": add, "private": private_cgroupns})
    return (
        "mount",
        {
            "kind": kind,
            "source": entry.get("source") or kind,
            "target": target,
            "attributes": add | recursive_add,
            "options": data,
            "propagation": propagation,
        },
    )
