"""A process's way into its control groups and namespaces."""

from __future__ import annotations

import errno
import os

from boxship.kernel import process as kernel
from boxship.kernel.cgroup import Cgroup, Layout, detect
from boxship.lib.errors import BoxshipError
from boxship.shim.failure import Failed, step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def make_cgroups(wanted: dict[str, Any]) -> list[tuple[str, str]]:
    """Make the group of a plan's "cgroup" with its limits; its folders. Failed."""
    if not wanted["path"]:
        return []
    try:
        if "scope" in wanted:
            return _make_scope(wanted).folders
        layout = Layout.from_json(wanted["layout"]) if "layout" in wanted else None
        return Cgroup.create(wanted["path"], wanted["resources"], layout, wanted.get("writes")).folders
    except OSError as error:
        path = error.filename or wanted["path"]
        text = f"set up the control group at {path}: {error.strerror or error}"
        raise Failed("cgroup", error.errno or 0, str(path), text) from None
    except BoxshipError as error:
        raise Failed("cgroup", errno.EINVAL, wanted["path"], error.message) from None


def _make_scope(wanted: dict[str, Any]) -> Cgroup:
    # Where it is used only: the other driver's containers start without a bus.
    from boxship.kernel.cgroup.scope import start_scope

    group = Cgroup(wanted["path"], detect())
    start_scope(wanted["scope"], wanted["resources"], group.layout.version)
    group.take_over(wanted["resources"])
    return group


def join_cgroups(cgroups: list[tuple[str, str]]) -> None:
    """Put this process into a group, by its folders, unless it was born there. Failed."""
    for root, folder in cgroups:
        # v1 by `tasks`, from inside: writing cgroup.procs, or another's pid, waits for an RCU period (10 ms).
        for name in ("tasks", "cgroup.procs"):
            try:
                fd = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                if name == "tasks" or not _is_member(folder[len(root.rstrip("/")) :]):
                    step("join cgroup", folder, os.write, fd, b"0")
            finally:
                os.close(fd)
            break
        else:
            raise Failed("join cgroup", errno.ENOENT, folder, f"join cgroup at {folder}: it is gone")


def join_cgroups_of(pidfd: int) -> None:
    """Put this process into the v2 group that the process of a pidfd is in now. Failed."""
    pid = _field(f"/proc/self/fdinfo/{pidfd}", b"Pid:\t")
    folder = detect().roots[0] + _field(f"/proc/{pid}/cgroup", b"0::")
    fd = os.open(f"{folder}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
    try:
        step("join cgroup", folder, os.write, fd, b"0")
    finally:
        os.close(fd)


def _is_member(path: str) -> bool:
    return _field("/proc/self/cgroup", b"0::") == path


def _field(path: str, start: bytes) -> str:
    with open(path, "rb", buffering=0) as file:
        for line in file.readall().splitlines():
            if line.startswith(start):
                return line[len(start) :].decode("utf-8", "surrogateescape")
    return ""


def join_namespace(path: str, flag: int) -> None:
    """Enter the namespace at `path`; EINVAL when it is not of the kind `flag` (CLONE_NEW*). OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        kernel.setns(fd, flag)
    finally:
        os.close(fd)
