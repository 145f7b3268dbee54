"""Making a container: everything of `create`, up to its first process waiting at the gate."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import os
import time

from boxship.kernel import process as kernel
from boxship.lib.errors import BoxshipError, StepFailed
from boxship.lib.plainjson import encode
from boxship.oci.bundle import plan_of
from boxship.oci.console import Console
from boxship.oci.container import Container, start_time
from boxship.oci.context import Context
from boxship.oci.destroy import destroy, hook_state, own_mount_id
from boxship.oci.log import timestamp
from boxship.shim import child, wire
from boxship.shim.become import Stdio
from boxship.shim.failure import Failed
from boxship.shim.gate import CREATED, HOOKS, Gate, read_message
from boxship.shim.hooks import HookFailed, run_hooks
from boxship.shim.stage import fork_staged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_GROUP_PARENT = "/boxship-oci"


class Options:
    """preserve_fds: how many descriptors from 3 up the program gets; the rest as runc's flags of that name."""

    def __init__(self, *, preserve_fds: int = 0, no_pivot: bool = False, no_new_keyring: bool = False) -> None:
        self.preserve_fds = preserve_fds
        self.no_pivot = no_pivot
        self.no_new_keyring = no_new_keyring


def launch(
    context: Context, container_id: str, bundle: str, spec: dict[str, Any], console: Console, options: Options
) -> Container:
    """Make a container from a checked spec; it waits for `start`. On errors nothing of it is left.

    BoxshipError with what failed.
    """
    container = Container.make(context.root, container_id)
    with container.locked():
        try:
            operations = _write(context, container, bundle, spec, options)
            _first_process(container, spec, operations, console)
        except BaseException as error:
            hooked = isinstance(error, _HooksFailed)
            destroy(container, context.log, poststop=spec.get("hooks") if hooked else None)
            if isinstance(error, Failed):
                report = error.report
                raise StepFailed(report["step"], report["errno"], report["path"], report["message"]) from None
            raise
    return container


class _HooksFailed(BoxshipError):
    """Hooks have run, so those of the end are due, too."""


def _write(
    context: Context, container: Container, bundle: str, spec: dict[str, Any], options: Options
) -> dict[str, Any]:
    """The container's files; the plan."""
    linux = dict(spec.get("linux") or {})
    default = f"system.slice:boxship:{container.id}" if context.systemd else f"{_GROUP_PARENT}/{container.id}"
    linux["cgroupsPath"] = linux.get("cgroupsPath") or default
    spec["linux"] = linux
    program = ""
    if linux.get("seccomp"):
        from boxship.runtime.profiles.compiled import compiled_filter

        program = compiled_filter(linux["seccomp"], os.uname().machine, container.folder, notify=True)
    operations = plan_of(spec, program, _systemd_root() if context.systemd else "")
    group = operations["cgroup"]
    process = operations["process"]
    listener = seccomp_listener(container, bundle, linux.get("seccomp") or {})
    if listener:
        process["seccompListener"] = listener
    process["preserveFds"] = options.preserve_fds
    process["keepKeyring"] = options.no_new_keyring
    if options.no_pivot:
        operations["steps"][-1][1]["no_pivot"] = True
    container.record.update(
        {
            "bundle": bundle,
            "rootfs": spec["root"]["path"],
            "created": timestamp(time.time_ns()),
            "annotations": spec.get("annotations") or {},
            "cgroup": group["path"],
            "made_cgroup": not _exists(group["path"]),
            "scope": group["scope"]["unit"] if "scope" in group else "",
            "seccomp": program,
            "own_pids": bool(operations["namespaces"] & kernel.CLONE_NEWPID),
            "host_mounts": own_mount_id(spec["root"]["path"]) if operations["steps"][-1][0] == "chroot" else 0,
            "creating": True,
        }
    )
    for name, value in (("config.json", spec), ("plan.json", operations)):
        fd = os.open(f"{container.folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(fd, "wb", buffering=0) as file:
            file.write(encode(value))
    return operations


def seccomp_listener(container: Container, bundle: str, profile: dict[str, Any]) -> dict[str, Any]:
    """Whom the filter's calls go to, and what the child tells them ("The Container Process State"); {} for nobody."""
    if not profile.get("listenerPath"):
        return {}
    state = {**hook_state(container, "creating"), "bundle": bundle}
    return {"path": profile["listenerPath"], "metadata": profile.get("listenerMetadata", ""), "state": state}


def _systemd_root() -> str:
    from boxship.kernel.cgroup.scope import systemd_root

    return systemd_root()


def _exists(path: str) -> bool:
    from boxship.kernel.cgroup import Cgroup, detect

    return any(os.path.isdir(folder) for _, folder in Cgroup(path, detect()).folders)


def _first_process(container: Container, spec: dict[str, Any], operations: dict[str, Any], console: Console) -> None:
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    wire.bind_in(listener, container.folder, "start.sock")
    listener.listen(1)
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    report = os.dup(theirs.fileno())
    gate = Gate(theirs, ours, listener, {**hook_state(container, "creating")})
    stdio = Stdio((0, 1, 2), console.socket, console.size)
    path = f"{container.folder}/plan.json"
    try:
        if "staged" in operations:
            pid = fork_staged(path, stdio, report, gate)
        else:
            joined = dict(operations["join"]).get(kernel.CLONE_NEWPID)
            if joined:
                _children_in(joined)
            pid = kernel.fork_with_namespaces(operations["namespaces"])
            if pid == 0:
                child.init(path, stdio, report, gate)
    finally:
        os.close(report)
        theirs.close()
        listener.close()
    container.record.update({"pid": pid, "start_time": start_time(pid)})
    container.save()
    console.forked()
    try:
        _move_devices(spec, pid)
        _see_it_through(container, spec, ours)
    except BaseException:
        _end(pid)
        raise
    finally:
        ours.close()
    del container.record["creating"]
    container.save()


def _move_devices(spec: dict[str, Any], pid: int) -> None:
    devices = spec["linux"].get("netDevices")
    if devices:
        from boxship.oci.net_devices import move_devices

        namespaces = spec["linux"]["namespaces"]
        path = next(entry.get("path") for entry in namespaces if entry["type"] == "network")
        move_devices(devices, path or f"/proc/{pid}/ns/net")


def _children_in(namespace: str) -> None:
    """Have the children of this process born into a pid namespace."""
    try:
        fd = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
        try:
            kernel.setns(fd, kernel.CLONE_NEWPID)
        finally:
            os.close(fd)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise Failed(
            "join namespace", error.errno or 0, namespace, f"join namespace at {namespace}: {reason}"
        ) from None


def _see_it_through(container: Container, spec: dict[str, Any], channel: _socket.socket) -> None:
    while True:
        message = read_message(channel)
        if message == CREATED:
            return
        if message == HOOKS:
            _runtime_hooks(container, spec)
            wire.send(channel, {"hooks": "done"})
            continue
        if message is None:
            raise BoxshipError("the container's first process ended before it was ready")
        if message["step"] == "hooks":
            raise _HooksFailed(message["message"])
        raise StepFailed(message["step"], message["errno"], message["path"], message["message"])


def _runtime_hooks(container: Container, spec: dict[str, Any]) -> None:
    # The old hooks are told "created", as crun and the conformance suite have it; by the lifecycle nothing is, yet.
    for stage, status in (("prestart", "created"), ("createRuntime", "creating")):
        state = encode(hook_state(container, status))
        try:
            run_hooks(spec["hooks"].get(stage) or [], state, container.record["bundle"])
        except HookFailed as failed:
            raise _HooksFailed(f"error running {stage} hook: {failed}") from None


def _end(pid: int) -> None:
    try:
        os.kill(pid, _signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        # It ended by itself, and was seen to.
        pass
