"""How a control group comes into being: its folders, the controllers handed down to it, the devices it may open."""

from __future__ import annotations

import errno
import os

from boxship.kernel import bpf
from boxship.kernel.cgroup.devices import allowed_devices
from boxship.kernel.cgroup.files import read, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from boxship.kernel.cgroup.layout import Layout

_CPUSET = ("cpuset.cpus", "cpuset.mems")


def controllers_of(writes: list[tuple[str, str, str]]) -> list[str]:
    """The controllers that a group needs for what is to be written into it (`plan_resources`)."""
    return sorted({controller for controller, _, _ in writes})


def make_folders(root: str, folder: str, layout: Layout, needed: list[str]) -> None:
    """Make a group's folder in one hierarchy, with its parents; those that are there stay. OSError.

    needed: controllers that have to be handed down to it (v2).
    """
    has_cpuset = layout.version == 1 and layout.controllers.get("cpuset") == root
    if layout.version == 1:
        # The parents are nearly always there: nine hierarchies, one call each.
        try:
            os.mkdir(folder, 0o755)
            if not has_cpuset or _copy_cpuset(os.path.dirname(folder), folder):
                return
        except FileExistsError:
            if not has_cpuset:
                return
        except FileNotFoundError:
            # The instance's first container.
            pass
    parts = folder[len(root.rstrip("/")) :].strip("/").split("/")
    path = root.rstrip("/")
    for part in parts:
        if layout.version == 2:
            _delegate(path, layout, needed)
        parent, path = path, f"{path}/{part}"
        try:
            os.mkdir(path, 0o755)
        except FileExistsError:
            pass
        if has_cpuset:
            # A group that is there may be another start's, half made.
            _copy_cpuset(parent, path, [file for file in _CPUSET if not read(f"{path}/{file}").strip()])


def _copy_cpuset(parent: str, folder: str, files: Sequence[str] = _CPUSET) -> bool:
    """Give a group its parent's cpuset: an empty one lets nobody in (ENOSPC). False when the parent's is empty, too."""
    for file in files:
        value = read(f"{parent}/{file}").strip()
        if not value:
            return False
        write(f"{folder}/{file}", value)
    return True


def _delegate(folder: str, layout: Layout, needed: list[str]) -> None:
    """Hand the controllers on to the groups below (cgroup-v2.rst, "Enabling and Disabling")."""
    enabled = set(read(f"{folder}/cgroup.subtree_control").split())
    for controller in layout.controllers:
        if controller in enabled or controller in ("freezer", "devices"):
            continue
        try:
            write(f"{folder}/cgroup.subtree_control", f"+{controller}")
        except OSError as error:
            # Statistics can be done without, a limit can't.
            if controller in needed or error.errno not in (errno.EBUSY, errno.ENOENT, errno.EOPNOTSUPP):
                raise


def confine_devices(folder: str, rules: list[dict[str, Any]]) -> None:
    """Let a group of v2 open what the spec's rules allow, by a BPF program; all without rules. OSError."""
    allowed = allowed_devices(rules)
    if allowed is None:
        return
    program = bpf.load_devices(bpf.assemble_devices(allowed))
    try:
        bpf.attach_devices(folder, program)
    finally:
        os.close(program)
