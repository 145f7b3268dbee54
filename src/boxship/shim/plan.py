"""From an OCI runtime spec to the operations that make its container. Pure: values in, values out.

A plan is plain JSON, so that it can be kept beside the container, shown, and carried out by a monitor of another
version: `{"version", "namespaces", "join", "steps", "process", "cgroup", …}`. Each step is
`[name, arguments]`; `shim/steps.py` has one function a name. Sources: OCI runtime-spec config.md and
config-linux.md, mount(8) for the options' names.
"""

from __future__ import annotations

import os

from boxship.kernel.cgroup import Layout, plan_resources
from boxship.kernel.cgroup.scope import parse_scope, scope_path
from boxship.kernel.mount import MOUNT_ATTR_RDONLY, MS_PRIVATE, MS_REC, MS_SHARED, MS_SLAVE, MS_UNBINDABLE
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
from boxship.kernel.scheduling import MEMORY_FLAGS, MEMORY_MODES, cpu_list
from boxship.lib.errors import InvalidParameter
from boxship.lib.plainjson import decode
from boxship.shim.mounts import mount_step, propagation_flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Step = tuple[str, dict[str, Any]]

VERSION = 1
# CONFIG_NODES_SHIFT is 10 at most.
_MOST_NODES = 1024

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


def plan(spec: dict[str, Any], *, seccomp_program: str = "", systemd_root: str = "") -> dict[str, Any]:
    """The operations for one container.

    seccomp_program: the file that holds the compiled filter, "" when the spec has none. systemd_root: the control
    group of systemd's own root when systemd shall make a scope for the container (its cgroupsPath is then
    "slice:prefix:name"), else "". InvalidParameter for what the spec asks and no step can do.
    """
    linux = spec.get("linux") or {}
    create, join = _namespaces(linux.get("namespaces") or [])
    steps: list[Step] = []
    if create & CLONE_NEWCGROUP:
        steps.append(("unshare", {"flags": CLONE_NEWCGROUP}))
        create &= ~CLONE_NEWCGROUP
        private_cgroupns = True
    else:
        private_cgroupns = False
    offsets = linux.get("timeOffsets")
    if create & CLONE_NEWTIME:
        steps.append(("time", {"offsets": _offsets(offsets or {})}))
        create &= ~CLONE_NEWTIME
    elif offsets:
        raise InvalidParameter("linux.timeOffsets need a time namespace of the container's own")
    if linux.get("memoryPolicy"):
        steps.append(("memory_policy", _memory_policy(linux["memoryPolicy"])))
    if create & CLONE_NEWNET:
        steps.append(("loopback", {}))
    if spec.get("hostname"):
        steps.append(("hostname", {"name": spec["hostname"]}))
    if spec.get("domainname"):
        steps.append(("domainname", {"name": spec["domainname"]}))
    own_mounts = bool(create & CLONE_NEWNS) or any(flag == CLONE_NEWNS for flag, _ in join)
    steps += _root_steps(spec, private_cgroupns, own_mounts)
    planned = {
        "version": VERSION,
        "namespaces": create,
        "join": join,
        "steps": steps,
        "process": _process(spec, seccomp_program),
        "cgroup": plan_cgroup(linux, systemd_root),
    }
    user = _user_namespace(linux, create, join)
    if user or any(name == "bind" and "idmap" in arguments for name, arguments in steps):
        planned["staged"] = {"user": user, "sources": _open_early(steps, user)}
    return planned


def plan_cgroup(linux: dict[str, Any], systemd_root: str = "") -> dict[str, Any]:
    """Where the control group of a spec's `linux` lies, and what it is to limit. InvalidParameter."""
    path, resources = linux.get("cgroupsPath") or "", linux.get("resources") or {}
    if not systemd_root or not path:
        # As a path from the root: ".." does not lead out of it.
        return {"path": os.path.normpath(f"/{path}") if path else "", "resources": resources}
    folder, unit = parse_scope(path)
    scope = {"slice": folder, "unit": unit, "description": f"container {path.rpartition(':')[2]}"}
    return {"path": scope_path(systemd_root, folder, unit), "resources": resources, "scope": scope}


def settle_cgroup(wanted: dict[str, Any], layout: Layout) -> None:
    """Add to a plan's "cgroup" what the first process would otherwise have to find out: the machine's layout, and
    what is to be written. What can't be kept is left to it, which fails with its reason then.
    """
    wanted["layout"] = layout.to_json()
    try:
        wanted["writes"] = plan_resources(wanted["resources"], layout)
    except InvalidParameter:
        return


def _process(spec: dict[str, Any], seccomp_program: str) -> dict[str, Any]:
    process = dict(spec["process"])
    if seccomp_program:
        process["seccompProgram"] = seccomp_program
    if spec.get("annotations") and spec["annotations"].get("boxship.groups"):
        process["groups"] = spec["annotations"]["boxship.groups"].split(",")
    if spec.get("hooks") and spec["hooks"].get("startContainer"):
        process["startHooks"] = spec["hooks"]["startContainer"]
    personality = (spec.get("linux") or {}).get("personality")
    if personality:
        process["personality"] = _personality(personality)
    return process


def _memory_policy(wanted: dict[str, Any]) -> dict[str, Any]:
    mode = MEMORY_MODES.get(wanted.get("mode", ""))
    if mode is None:
        raise InvalidParameter(f"linux.memoryPolicy.mode {wanted.get('mode')!r} is not known")
    for flag in wanted.get("flags") or []:
        if flag not in MEMORY_FLAGS:
            raise InvalidParameter(f"linux.memoryPolicy.flags: {flag!r} is not known")
        mode |= MEMORY_FLAGS[flag]
    try:
        nodes = sorted(cpu_list(wanted["nodes"])) if wanted.get("nodes") else []
    except ValueError:
        nodes = [-1]
    if nodes and not 0 <= nodes[0] <= nodes[-1] < _MOST_NODES:
        raise InvalidParameter(f"linux.memoryPolicy.nodes {wanted['nodes']!r} is no list of nodes such as 0-1,3")
    return {"mode": mode, "nodes": nodes}


def _personality(wanted: dict[str, Any]) -> int:
    if wanted.get("flags"):
        raise InvalidParameter("linux.personality.flags: no flag is known")
    domains = {"LINUX": 0, "LINUX32": 8}
    if wanted.get("domain") not in domains:
        raise InvalidParameter(f"linux.personality.domain {wanted.get('domain')!r} is not LINUX or LINUX32")
    return domains[wanted["domain"]]


def _offsets(wanted: dict[str, Any]) -> list[tuple[str, int, int]]:
    unknown = sorted(set(wanted) - {"monotonic", "boottime"})
    if unknown:
        raise InvalidParameter(f"linux.timeOffsets: no clock {unknown[0]!r} has an offset; monotonic and boottime have")
    return [(clock, offset.get("secs", 0), offset.get("nanosecs", 0)) for clock, offset in wanted.items()]


def _namespaces(wanted: list[dict[str, str]]) -> tuple[int, list[tuple[int, str]]]:
    create = 0
    seen = 0
    join: list[tuple[int, str]] = []
    for namespace in wanted:
        flag = NAMESPACE_FLAGS.get(namespace["type"])
        if flag is None:
            raise InvalidParameter(f"unknown namespace type {namespace['type']!r} in linux.namespaces")
        if seen & flag:
            raise InvalidParameter(f"malformed spec file: duplicated ns {namespace['type']!r} in linux.namespaces")
        seen |= flag
        if namespace.get("path"):
            join.append((flag, namespace["path"]))
        else:
            create |= flag
    return create, join


def _user_namespace(linux: dict[str, Any], create: int, join: list[tuple[int, str]]) -> dict[str, Any] | None:
    maps = {"uid": linux.get("uidMappings") or [], "gid": linux.get("gidMappings") or []}
    path = dict(join).get(CLONE_NEWUSER, "")
    if path or create & CLONE_NEWUSER:
        if not path and not (maps["uid"] and maps["gid"]):
            raise InvalidParameter("a user namespace needs linux.uidMappings and linux.gidMappings")
        return {**maps, "path": path}
    if maps["uid"] or maps["gid"]:
        raise InvalidParameter("linux.uidMappings and gidMappings are given, but no user namespace in linux.namespaces")
    return None


_SOURCE_KEYS = ("lower", "upper", "work", "source", "path", "recursive")


def _open_early(steps: list[Step], user: dict[str, Any] | None) -> list[dict[str, Any]]:
    """What must be opened before the first process enters its user namespace; the steps then take it by number."""
    sources: list[dict[str, Any]] = []
    for name, arguments in steps:
        if name not in ("bind", "root", "overlay"):
            continue
        idmap = arguments.pop("idmap", None)
        if idmap and not idmap["uid"]:
            if user is None:
                raise InvalidParameter(
                    f"mount at {arguments['target']}: idmap without uidMappings and gidMappings, and the container has "
                    "no user namespace whose mapping could be used"
                )
            idmap = {**idmap, **user}
        if "early" in arguments:
            # Opened by a step of its own until now; all at one place is simpler.
            arguments.pop("early")
        kept = {key: value for key, value in arguments.items() if key in _SOURCE_KEYS}
        # Only a bind that is to be shared may stay a peer of the host's mount: what is mounted on one shows there.
        peer = name == "bind" and bool(arguments["propagation"] & MS_SHARED)
        sources.append({"kind": name, "idmap": idmap, "peer": peer, **kept})
        arguments["early"] = len(sources) - 1
    steps[:] = [step for step in steps if step[0] != "sources"]
    return sources


def _root_steps(spec: dict[str, Any], private_cgroupns: bool, own_mounts: bool) -> list[Step]:
    linux = spec.get("linux") or {}
    root = spec["root"]
    wanted = propagation_flags(linux.get("rootfsPropagation") or "rslave")
    # While it is built, it is never shared, or what is mounted here would show on the host; and an unbindable tree
    # can't be cloned.
    first = MS_SLAVE if wanted & (MS_SHARED | MS_SLAVE) else MS_PRIVATE
    sources, mounts = _mount_steps(spec, private_cgroupns)
    steps: list[Step] = [("sources", {"sources": sources})] if sources else []
    if own_mounts:
        steps.append(("propagation", {"flags": first | MS_REC}))
    overlay = (spec.get("annotations") or {}).get("boxship.overlay")
    if overlay:
        steps.append(("overlay", {"target": root["path"], **decode(overlay)}))
    else:
        private = not own_mounts or first == MS_PRIVATE
        steps.append(("root", {"path": root["path"], "private": True} if private else {"path": root["path"]}))
    steps += mounts
    shm = (spec.get("annotations") or {}).get("boxship.shm")
    if shm:
        steps.append(("joined_shm", {"namespace": shm, "target": "/dev/shm"}))
    for key, value in (linux.get("sysctl") or {}).items():
        steps.append(("sysctl", {"key": key, "value": value}))
    steps += [("readonly", {"path": path}) for path in linux.get("readonlyPaths") or []]
    steps += [("mask", {"path": path}) for path in linux.get("maskedPaths") or []]
    cwd = spec["process"].get("cwd") or "/"
    if cwd != "/":
        steps.append(("workdir", {"path": cwd}))
    hooks = spec.get("hooks") or {}
    if hooks.get("prestart") or hooks.get("createRuntime"):
        steps.append(("runtime_hooks", {}))
    if hooks.get("createContainer"):
        steps.append(("container_hooks", {"hooks": hooks["createContainer"]}))
    pivot: dict[str, Any] = {"readonly": bool(root.get("readonly"))}
    if not own_mounts:
        # Whoever makes such a container takes its mounts down again (oci/destroy.py).
        return [*steps, ("chroot", pivot)]
    if wanted & (MS_SHARED | MS_UNBINDABLE):
        pivot["propagation"] = wanted
    steps.append(("pivot", pivot))
    return steps


def _mount_steps(spec: dict[str, Any], private_cgroupns: bool) -> tuple[list[dict[str, Any]], list[Step]]:
    """What must be opened before the tree becomes a slave, and the steps for mounts and devices."""
    linux = spec.get("linux") or {}
    devices = linux.get("devices") or []
    steps: list[Step] = []
    late: list[Step] = []
    sources: list[dict[str, Any]] = []
    own_dev = True
    made = False
    for entry in spec.get("mounts") or []:
        name, arguments = step = mount_step(
            entry, private_cgroupns=private_cgroupns, label=linux.get("mountLabel") or ""
        )
        steps.append(step)
        if name == "bind" and arguments["propagation"] & MS_SHARED:
            # A peer of the host's mount: it must be taken before the tree becomes a slave.
            arguments["early"] = len(sources)
            sources.append({"kind": "bind", "source": arguments["source"], "recursive": arguments["recursive"]})
        if arguments["target"].rstrip("/") != "/dev":
            continue
        own_dev = name != "bind"
        if name == "mount":
            made = True
            steps += _device_steps(devices)
            if arguments["attributes"] & MOUNT_ATTR_RDONLY:
                # The nodes had to be made first.
                arguments["attributes"] &= ~MOUNT_ATTR_RDONLY
                arguments["options"] = [option for option in arguments["options"] if option != ("ro", None)]
                read_only = {"add": MOUNT_ATTR_RDONLY, "clear": 0, "propagation": 0, "options": [("ro", None)]}
                late.append(("remount", {"target": "/dev", **read_only}))
    if not made:
        steps += _device_steps(devices) if own_dev else [("device", _device(device)) for device in devices]
    if spec["process"].get("terminal"):
        steps.append(("console", {}))
    return sources, [*steps, *late]


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
