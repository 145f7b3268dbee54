"""The bundle as other OCI runtimes understand it: the root mounted, users as numbers, no newer fields of the spec.

Runs in the mount namespace of the runtime's call. The image's files are read, never trusted: every lookup stays in the
container's root, and nothing there is executed or imported.
"""

from __future__ import annotations

import errno
import os

from boxship.kernel import mount
from boxship.kernel.inroot import open_in_root
from boxship.kernel.process import CLONE_NEWNS, setns
from boxship.lib.plainjson import decode, encode
from boxship.shim.builder import Builder
from boxship.shim.failure import Failed
from boxship.shim.foreign.command import make_private
from boxship.shim.steps import STEPS
from boxship.shim.user import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Json = dict[str, Any]

_OVERLAY = "boxship.overlay"
_GROUPS = "boxship.groups"
_SHM = "boxship.shm"
# A folder that every sysfs has and no runtime looks at.
_APART = "/sys/firmware"
_APART_SHM = "/sys/dev"
# What runc 1.1 and crun 1.8 read.
_OCI_VERSION = "1.0.2"


def prepare_bundle(bundle: str, size: tuple[int, int]) -> None:
    """Mount the root that the bundle's config.json names and rewrite that file. Failed, OSError.

    size: (rows, columns) of the terminal, (0, 0) to leave it.
    """
    path = f"{bundle}/config.json"
    with open(path, "rb", buffering=0) as file:
        spec: Json = decode(file.readall())
    annotations = spec.get("annotations") or {}
    target = spec["root"]["path"]
    if propagates(spec):
        # Mounts of the container are seen by the host here, so its root is made where the host does not look, and not
        # below a mount that a bind's source may be on.
        target = _APART
        make_private(target)
    overlay = annotations.get(_OVERLAY)
    if overlay:
        _mount_root(target, decode(overlay))
    joined = annotations.get(_SHM)
    if joined:
        spec = spec | {"mounts": [*(spec.get("mounts") or []), _joined_shm(joined, bundle)]}
    root = os.open(target, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    groups = annotations.get(_GROUPS)
    opener = container_opener(root, spec.get("mounts") or [])
    process = with_numbers(spec["process"], groups.split(",") if groups else [], opener)
    os.close(root)
    changes = {"process": with_size(process, size), "root": spec["root"] | {"path": target}}
    write(path, for_others(spec | changes))


def _mount_root(target: str, overlay: Json) -> None:
    builder = Builder([], None)
    try:
        STEPS["overlay"](builder, target=target, **overlay)
    except OSError as error:
        text = f"overlay at {target}: {error.strerror or error}"
        raise Failed("overlay", error.errno or 0, target, text) from None
    builder.close()


def _joined_shm(namespace: str, bundle: str) -> Json:
    """The /dev/shm of a running container as a mount of this one; namespace: the path of its mount namespace."""
    own = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    other = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    setns(other, CLONE_NEWNS)
    try:
        detached = mount.clone_tree("/dev/shm", recursive=False, follow=False)
    except OSError as error:
        raise Failed("shm", error.errno or 0, "/dev/shm", f"shm at /dev/shm: {error.strerror or error}") from None
    finally:
        setns(own, CLONE_NEWNS)
        os.chdir(bundle)
    make_private(_APART_SHM)
    place = os.open(_APART_SHM, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    mount.move(detached, place)
    for fd in (own, other, place):
        os.close(fd)
    return {"destination": "/dev/shm", "type": "bind", "source": _APART_SHM, "options": ["rbind", "rprivate"]}


def propagates(spec: Json) -> bool:
    """Whether mounts of the container are to be seen outside."""
    return (spec.get("linux") or {}).get("rootfsPropagation", "") in ("shared", "rshared")


def prepare_exec(path: str, process: Json, pid: int, size: tuple[int, int]) -> None:
    """Write the `process` of an exec to `path`; pid: the container's first process; size as above. Failed, OSError."""
    root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    known = dict(process)
    groups = known.pop("groups", None) or []
    known.pop("seccompProgram", None)
    write(path, with_size(with_numbers(known, groups, container_opener(root, [])), size))
    os.close(root)


def container_opener(root_fd: int, mounts: list[Json]) -> Callable[[str, int], int]:
    """Opens files by their path in a container whose root is at `root_fd` and whose `mounts` are not made yet: a bind
    mount of the very file counts (`-v /etc/passwd:/etc/passwd:ro`). OSError.
    """
    binds = {entry["destination"]: entry["source"] for entry in mounts if entry.get("type") == "bind"}

    def open_file(path: str, flags: int) -> int:
        return os.open(binds[path], flags) if path in binds else open_in_root(root_fd, path, flags)

    return open_file


def with_numbers(process: Json, groups: list[str], open_file: Callable[[str, int], int]) -> Json:
    """The `process` with its user looked up: numbers, HOME, and for all but root the bounding set alone, as Docker
    has it. Failed in Docker's words for somebody who is not in the container's files.
    """
    user = process.get("user") or {}
    if "username" not in user:
        return process
    try:
        identity = resolve(user["username"], groups, open_file)
    except ValueError as error:
        raise Failed("user", errno.EINVAL, user["username"], str(error)) from None
    numbers = {name: value for name, value in user.items() if name == "umask"}
    numbers |= {"uid": identity.uid, "gid": identity.gid, "additionalGids": identity.groups}
    environment = list(process.get("env") or [])
    if not any(entry.startswith("HOME=") for entry in environment):
        environment.append(f"HOME={identity.home or '/'}")
    changed = process | {"user": numbers, "env": environment}
    if identity.uid != 0 and "capabilities" in process:
        capabilities = process["capabilities"]
        kept = {name: capabilities[name] for name in ("bounding", "inheritable") if name in capabilities}
        changed["capabilities"] = {"effective": [], "permitted": [], **kept}
    return changed


def with_size(process: Json, size: tuple[int, int]) -> Json:
    """The `process` with the terminal's size, which its program then finds. Pure."""
    if not process.get("terminal") or size == (0, 0):
        return process
    return process | {"consoleSize": {"height": size[0], "width": size[1]}}


def for_others(spec: Json) -> Json:
    """The spec without what only newer runtimes read."""
    changed = spec | {"ociVersion": _OCI_VERSION, "mounts": [_plain(entry) for entry in spec.get("mounts") or []]}
    domain = changed.pop("domainname", "")
    if domain:
        # The field came with 1.1 of the spec.
        linux = dict(changed["linux"])
        linux["sysctl"] = {"kernel.domainname": domain, **(linux.get("sysctl") or {})}
        changed["linux"] = linux
    return changed


def _plain(entry: Json) -> Json:
    """A mount of one file has nothing below it, and crun 1.8 takes the recursive options for folders only."""
    options = entry.get("options") or []
    if "rro" not in options or os.path.isdir(entry.get("source") or ""):
        return entry
    return entry | {"options": ["ro" if option == "rro" else option for option in options]}


def write(path: str, value: Json) -> None:
    """Put a JSON object where nobody meets half of it. OSError."""
    fd = os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(encode(value))
        while view:
            view = view[os.write(fd, view) :]
    finally:
        os.close(fd)
    os.rename(f"{path}.new", path)
