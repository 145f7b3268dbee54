"""One container's control group, in every hierarchy of the machine."""

from __future__ import annotations

import errno
import os
import time

from boxship.kernel.cgroup.ending import kill_all
from boxship.kernel.cgroup.files import field, read, remove_folder, tree, write, write_all
from boxship.kernel.cgroup.layout import Layout, detect
from boxship.kernel.cgroup.making import confine_devices, controllers_of, make_folders
from boxship.kernel.cgroup.resources import plan_resources, plan_update

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from boxship.kernel.cgroup.resources import Write

# Seconds.
_FREEZE_PATIENCE = 5.0
_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.05


class Cgroup:
    """folders: (mount point of the hierarchy, the group's folder there), each hierarchy once."""

    __slots__ = ("folders", "layout", "path")

    def __init__(self, path: str, layout: Layout) -> None:
        """The group at `path` (absolute, from the root of each hierarchy), whether it is there or not."""
        self.path = "/" + path.strip("/")
        self.layout = layout
        self.folders = [(root, root.rstrip("/") + self.path) for root in layout.roots]

    @staticmethod
    def create(
        path: str, resources: dict[str, Any], layout: Layout | None = None, writes: list[Write] | None = None
    ) -> Cgroup:
        """Make the group with its parents and set its limits.

        resources: `linux.resources` of an OCI runtime spec; layout and writes: the machine's, and what
        `plan_resources` made of the resources for it, where the caller knows that already. InvalidParameter as
        `plan_resources`; OSError names the file and what was to be written; a group that could not be set up is
        removed again.
        """
        group = Cgroup(path, layout or detect())
        if writes is None:
            writes = plan_resources(resources, group.layout)
        needed = controllers_of(writes) if group.layout.version == 2 else []
        try:
            for root, folder in group.folders:
                make_folders(root, folder, group.layout, needed)
            group._limit(resources, writes)
        except BaseException:
            group.remove()
            raise
        return group

    def take_over(self, resources: dict[str, Any]) -> None:
        """As `create` for a group that systemd has made. On v1 it keeps some of the hierarchies only: the group is
        made in the others. On v2 it hands on no more than it knows (hugetlb is not among them).
        """
        writes = plan_resources(resources, self.layout)
        needed = controllers_of(writes)
        there = read(f"{self.any_folder()}/cgroup.controllers").split() if self.layout.version == 2 else []
        if not set(needed) <= set(there):
            for root, folder in self.folders:
                make_folders(root, folder, self.layout, needed)
        self._limit(resources, writes)

    def _limit(self, resources: dict[str, Any], writes: list[Write]) -> None:
        if self.layout.version == 2:
            confine_devices(self.folders[0][1], resources.get("devices") or [])
        write_all((f"{self.folder(controller)}/{file}", value) for controller, file, value in writes)

    def update(self, resources: dict[str, Any]) -> None:
        """Change limits of a group that is in use; those that `resources` does not name stay.

        InvalidParameter as `plan_resources`. OSError names the file and the value, and what was written by then is
        taken back.
        """
        undo: list[tuple[str, str]] = []
        try:
            for controller, file, value in plan_update(resources, self.layout, self._memory_limit()):
                path = f"{self.folder(controller)}/{file}"
                undo.append((path, read(path).strip()))
                write(path, value)
        except BaseException:
            for path, value in reversed(undo):
                try:
                    write(path, value)
                except OSError:
                    # The last one was not written.
                    continue
            raise

    def _memory_limit(self) -> int:
        """The present limit of memory and swap together, in bytes, on v1; else it does not matter."""
        if self.layout.version == 2 or "memory" not in self.layout.controllers:
            return 0
        try:
            return int(read(f"{self.folder('memory')}/memory.memsw.limit_in_bytes"))
        except FileNotFoundError:
            # No swap accounting.
            return 0

    def folder(self, controller: str) -> str:
        """The group's folder in the hierarchy of a controller. KeyError when the machine lacks it."""
        return self.layout.controllers[controller].rstrip("/") + self.path

    def join_files(self) -> list[str]:
        """The files into which a process writes "0" to enter the group.

        v1: `tasks` moves one thread at once, `cgroup.procs` waits for an RCU period (10 ms here). v2 has only the
        latter, and waits; clone3(2) with CLONE_INTO_CGROUP and v2's folder does not.
        """
        name = "cgroup.procs" if self.layout.version == 2 else "tasks"
        return [f"{folder}/{name}" for _, folder in self.folders]

    def pids(self) -> list[int]:
        """The processes of the group and of the groups below it; none when it is gone."""
        found: set[int] = set()
        for folder in tree(self.any_folder()):
            try:
                found.update(int(pid) for pid in read(f"{folder}/cgroup.procs").split())
            except FileNotFoundError:
                # systemd removes a scope as soon as it is empty, and a container its own groups at any time.
                continue
        return sorted(found)

    def kill_all(self) -> None:
        """End every process of the group, and see them gone; TimeoutError when they are not after ten seconds."""
        kill_all(self)

    def freeze(self, frozen: bool) -> None:
        """Halt every process of the group, or let them go on; returns when it is so.

        TimeoutError when the kernel does not get there in five seconds (a process in an uninterruptible wait).
        """
        self.set_frozen(frozen)
        deadline = time.monotonic() + _FREEZE_PATIENCE
        pause = _FIRST_PAUSE
        while self.frozen() != frozen:
            if time.monotonic() > deadline:
                self.set_frozen(False)
                raise TimeoutError(f"control group {self.path} does not {'freeze' if frozen else 'thaw'}")
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if frozen:
                # v1 takes a second write when a process forked meanwhile.
                self.set_frozen(True)

    def frozen(self) -> bool:
        """Whether its processes are halted. OSError when the group is gone, KeyError when nothing here freezes."""
        if self.layout.version == 2:
            return field(read(f"{self.folder('freezer')}/cgroup.events"), "frozen") == 1
        return read(f"{self.folder('freezer')}/freezer.state").strip() == "FROZEN"

    def oom_kills(self) -> int:
        """How many processes the kernel killed in this group for memory; 0 when it does not say."""
        if "memory" not in self.layout.controllers:
            return 0
        file = "memory.events" if self.layout.version == 2 else "memory.oom_control"
        try:
            text = read(f"{self.folder('memory')}/{file}")
        except FileNotFoundError:
            return 0
        return field(text, "oom_kill")

    def oom_killed(self) -> bool:
        """Whether the kernel killed something in this group for memory."""
        return self.oom_kills() > 0

    def remove(self) -> None:
        """Remove the group and those that the container made below it; nothing to do where it is gone.

        OSError(EBUSY) when processes are left in it.
        """
        for _, folder in self.folders:
            for path in reversed(tree(folder)):
                remove_folder(path)

    def remove_if_empty(self) -> None:
        """Remove the group unless something is in it: for the parents that several containers share."""
        for _, folder in self.folders:
            try:
                os.rmdir(folder)
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.EBUSY, errno.ENOTEMPTY):
                    raise

    def any_folder(self) -> str:
        """The group's folder in one of the hierarchies, v2's only one."""
        return self.folders[0][1]

    def set_frozen(self, frozen: bool) -> None:
        """Ask for it; `freeze` also waits. OSError when the group is gone."""
        if self.layout.version == 2:
            write(f"{self.folder('freezer')}/cgroup.freeze", "1" if frozen else "0")
        else:
            write(f"{self.folder('freezer')}/freezer.state", "FROZEN" if frozen else "THAWED")
