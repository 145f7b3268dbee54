"""The end of a container: what `create` made goes, and the hooks of the end run."""

from __future__ import annotations

import os

from boxship.kernel.mount import unmount
from boxship.lib.errors import BoxshipError
from boxship.lib.plainjson import encode
from boxship.oci.container import Container
from boxship.oci.log import Log
from boxship.shim.hooks import HookFailed, run_hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def hook_state(container: Container, status: str) -> dict[str, Any]:
    """What hooks get on their standard input."""
    return container.state(status)


def destroy(container: Container, log: Log, *, poststop: dict[str, Any] | None) -> None:
    """Remove the control group and the folder of a container whose first process is gone.

    poststop: the spec's `hooks`, whose `poststop` run then; None for none. OSError when something can't be removed:
    the folder then stays, so that it can be tried again.
    """
    state = encode(hook_state(container, "stopped")) if poststop else b""
    cgroup = container.cgroup()
    if cgroup is not None and container.record.get("made_cgroup", True):
        # Members of the host's pid namespace outlive the first process.
        cgroup.kill_all()
        if container.record.get("scope") and any(os.path.isdir(folder) for _, folder in cgroup.folders):
            from boxship.kernel.cgroup.scope import stop_unit

            stop_unit(container.record["scope"])
        cgroup.remove()
        _parent(cgroup.path)
    before = container.record.get("host_mounts", 0)
    if before and own_mount_id(container.record["rootfs"]) != before:
        # Without a mount namespace of its own its mounts are the host's.
        unmount(container.record["rootfs"])
    container.remove()
    for index, hook in enumerate((poststop or {}).get("poststop") or []):
        try:
            run_hook(hook, state, f"hook #{index}", container.record.get("bundle", ""))
        except HookFailed as failed:
            # The container is gone already: the hooks after it are still due (runtime.md, step 13).
            log.warning(f"error running poststop hook: {failed}")


def own_mount_id(path: str) -> int:
    """The number of the mount that a path lies on (proc_pid_mountinfo(5))."""
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        with open(f"/proc/self/fdinfo/{fd}") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("mnt_id:"))
    finally:
        os.close(fd)


def _parent(path: str) -> None:
    """The parent that is ours goes with its last container."""
    from boxship.kernel.cgroup import Cgroup, detect

    parent = os.path.dirname(path)
    if parent == "/boxship-oci":
        try:
            Cgroup(parent, detect()).remove_if_empty()
        except (OSError, BoxshipError):
            # Another container came meanwhile, or somebody else put something in.
            pass
