"""A bundle's config.json, read and checked: what no step could do is refused before anything is made."""

from __future__ import annotations

import os
import resource

from boxship.kernel.label import apparmor_enabled, selinux_enabled
from boxship.kernel.process import CAPABILITIES
from boxship.lib.errors import InvalidParameter, NotFound, Unsupported
from boxship.lib.plainjson import decode
from boxship.oci.log import Log
from boxship.shim.plan import plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SETS = ("bounding", "effective", "inheritable", "permitted", "ambient")
_HOOKS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
_LIMIT = 64 << 20


def read_bundle(bundle: str, config: str = "config.json") -> dict[str, Any]:
    """The spec of a bundle (an absolute path). NotFound, InvalidParameter."""
    path = _from(bundle, config)
    try:
        with open(path, "rb") as file:
            spec = decode(file.read(_LIMIT))
    except FileNotFoundError:
        raise NotFound(f"JSON specification file {path} not found") from None
    except ValueError as error:
        raise InvalidParameter(f"{path}: {error}") from None
    if not isinstance(spec, dict):
        raise InvalidParameter(f"{path}: it is not a JSON object")
    return spec


def check_spec(spec: dict[str, Any], bundle: str, log: Log) -> dict[str, Any]:
    """The spec with its paths made absolute and what can't be granted taken out, which the log is told.

    InvalidParameter and Unsupported name the property.
    """
    try:
        return _checked(spec, bundle, log)
    except _OTHER_SHAPE as error:
        raise _misshapen(error) from None


def plan_of(spec: dict[str, Any], program: str, systemd: str = "") -> dict[str, Any]:
    """The plan of a checked spec. InvalidParameter.

    program: the compiled seccomp filter's path, "" for none; systemd: as `plan`'s systemd_root.
    """
    try:
        return plan(spec, seccomp_program=program, systemd_root=systemd)
    except _OTHER_SHAPE as error:
        raise _misshapen(error) from None


# What a text for a list, or a missing key, comes to.
_OTHER_SHAPE = (AttributeError, TypeError, KeyError, ValueError)


def _misshapen(error: Exception) -> InvalidParameter:
    what = f"{error.args[0]!r} is missing or not known" if isinstance(error, KeyError) else str(error)
    return InvalidParameter(f"config.json is not a valid runtime spec: {what}")


def _checked(spec: dict[str, Any], bundle: str, log: Log) -> dict[str, Any]:
    _check_version(spec.get("ociVersion", ""))
    spec = dict(spec)
    root = dict(spec.get("root") or {})
    if not root.get("path"):
        raise InvalidParameter("root.path is not set")
    root["path"] = os.path.normpath(_from(bundle, root["path"]))
    if not os.path.isdir(root["path"]):
        raise InvalidParameter(f"root.path {root['path']} is not a folder")
    spec["root"] = root
    spec["mounts"] = [_absolute(entry, bundle) for entry in spec.get("mounts") or []]
    spec["process"] = check_process(spec["process"], log) if spec.get("process") else {}
    _check_linux(spec.get("linux") or {})
    memory = ((spec.get("linux") or {}).get("resources") or {}).get("memory") or {}
    if memory.get("kernel"):
        log.warning("linux.resources.memory.kernel is passed over: the kernel counts that memory with the rest")
    label = (spec.get("linux") or {}).get("mountLabel")
    if label and not selinux_enabled():
        log.warning(f"linux.mountLabel {label!r} is passed over: SELinux is not enabled on this host")
        spec["linux"] = {**spec["linux"], "mountLabel": ""}
    for stage, hooks in (spec.get("hooks") or {}).items():
        if stage not in _HOOKS:
            raise InvalidParameter(f"hooks.{stage} is not known; known are {', '.join(_HOOKS)}")
        for hook in hooks or []:
            _check_hook(stage, hook)
    return spec


def _check_version(version: str) -> None:
    major = version.partition(".")[0]
    if not major.isdigit() or version.count(".") < 2:
        raise InvalidParameter(f"ociVersion {version!r} is not a version such as 1.0.2")
    if int(major) > 1:
        raise Unsupported(f"ociVersion {version} is not supported: 1.x is")


def _absolute(entry: dict[str, Any], bundle: str) -> dict[str, Any]:
    options = entry.get("options") or []
    if entry.get("source") and ("bind" in options or "rbind" in options or entry.get("type") in ("bind", "rbind")):
        return {**entry, "source": _from(bundle, entry["source"])}
    return entry


def _from(bundle: str, path: str) -> str:
    """A path of the spec: relative ones count from the bundle."""
    return path if path.startswith("/") else f"{bundle}/{path}"


def _check_hook(stage: str, hook: dict[str, Any]) -> None:
    if not hook["path"].startswith("/"):
        raise InvalidParameter(f"hooks.{stage}: path {hook['path']!r} is not absolute")
    timeout = hook.get("timeout")
    if timeout is not None and timeout <= 0:
        raise InvalidParameter(f"hooks.{stage}: the timeout of {hook['path']} must be greater than zero")


def check_process(process: dict[str, Any], log: Log) -> dict[str, Any]:
    """`process` of a spec, or of an exec, as `check_spec`."""
    if not process.get("args"):
        raise InvalidParameter("process.args must not be empty")
    if not process.get("cwd", "/").startswith("/"):
        raise InvalidParameter(f"process.cwd {process['cwd']!r} is not an absolute path")
    seen = set()
    for limit in process.get("rlimits") or []:
        if not hasattr(resource, limit["type"]):
            raise InvalidParameter(f"process.rlimits: {limit['type']} is not a resource limit of this kernel")
        if limit["type"] in seen:
            raise InvalidParameter(f"process.rlimits: {limit['type']} is given twice")
        seen.add(limit["type"])
    process = dict(process)
    # A name is looked up in the container's own files by the engine only; here it is Windows's.
    process["user"] = {key: value for key, value in (process.get("user") or {}).items() if key != "username"}
    for key, module, enabled in (
        ("apparmorProfile", "AppArmor", apparmor_enabled),
        ("selinuxLabel", "SELinux", selinux_enabled),
    ):
        if process.get(key) and not enabled():
            # As crun and as the engines, which name a profile whether the kernel has the module or not.
            log.warning(f"process.{key} {process.pop(key)!r} is passed over: {module} is not enabled on this host")
    if process.get("capabilities"):
        process["capabilities"] = _known(process["capabilities"], log)
    if not process.get("terminal"):
        process.pop("consoleSize", None)
    return process


def _known(capabilities: dict[str, Any], log: Log) -> dict[str, list[str]]:
    known = {f"CAP_{name}" for name in CAPABILITIES}
    unknown = {name for kind in _SETS for name in capabilities.get(kind) or [] if name not in known}
    if unknown:
        log.warning(f"ignoring unknown or unavailable capabilities: {sorted(unknown)}")
    return {
        kind: [name for name in capabilities[kind] or [] if name in known]
        for kind in _SETS
        if capabilities.get(kind) is not None
    }


def _check_linux(linux: dict[str, Any]) -> None:
    if linux.get("intelRdt"):
        raise Unsupported("linux.intelRdt is not supported: remove it from the spec")
    namespaces = {entry["type"] for entry in linux.get("namespaces") or []}
    if linux.get("netDevices"):
        _check_devices(linux["netDevices"], namespaces)
    for entry in linux.get("namespaces") or []:
        if entry.get("path") and not entry["path"].startswith("/"):
            raise InvalidParameter(f"linux.namespaces: path {entry['path']!r} is not absolute")
    for key in linux.get("sysctl") or {}:
        _check_sysctl(key, namespaces)
    for kind in ("maskedPaths", "readonlyPaths"):
        for path in linux.get(kind) or []:
            if not path.startswith("/"):
                raise InvalidParameter(f"linux.{kind}: {path!r} is not absolute")


def _check_devices(devices: dict[str, Any], namespaces: set[str]) -> None:
    if "network" not in namespaces:
        raise InvalidParameter("linux.netDevices need a network namespace of the container's own")
    names = [(device or {}).get("name") or name for name, device in devices.items()]
    for name in (*devices, *names):
        # dev_valid_name() of the kernel.
        if not 0 < len(name.encode()) < 16 or name in (".", "..") or any(c in "/:" or c.isspace() for c in name):
            raise InvalidParameter(f"linux.netDevices: {name!r} is not a device's name")
    if len(set(names)) < len(names):
        raise InvalidParameter("linux.netDevices: two devices would have the same name")


def _check_sysctl(key: str, namespaces: set[str]) -> None:
    """A value of the host's must not be changed through a container (sysctl(8), namespaces(7))."""
    name = key.replace("/", ".")
    owner = ""
    if name.startswith("net."):
        owner = "network"
    elif name.startswith("fs.mqueue.") or name in _IPC_SYSCTLS:
        owner = "ipc"
    elif name in ("kernel.hostname", "kernel.domainname"):
        owner = "uts"
    if not owner:
        raise InvalidParameter(f"sysctl {key!r} is not in a separate kernel namespace")
    if owner not in namespaces:
        raise InvalidParameter(f"sysctl {key!r} is not allowed in the host's {owner} namespace")


_IPC_SYSCTLS = frozenset(
    "kernel." + name for name in ("msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced")
)
