"""One container's control group, in every hierarchy of the machine."""

from __future__ import annotations

import errno
import os
import time
from _signal import SIGKILL  # type: ignore[import-not-found]

from boxship.kernel import bpf
from boxship.kernel.cgroup.devices import allowed_devices
from boxship.kernel.cgroup.layout import Layout, detect
from boxship.kernel.cgroup.resources import plan_resources, plan_update

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from boxship.kernel.cgroup.resources import Write

# Seconds. The kernel lets go of a group some time after its last process: rmdir(2) gives EBUSY until then.
_REMOVE_PATIENCE = 2.0
_KILL_PATIENCE = 10.0
_FREEZE_PATIENCE = 5.0
_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.05
_CPUSET = ("cpuset.cpus", "cpuset.mems")


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
        needed = _controllers(writes) if group.layout.version == 2 else []
        try:
            for root, folder in group.folders:
                _make(root, folder, group.layout, needed)
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
        needed = _controllers(writes)
        there = read(f"{self._any_folder()}/cgroup.controllers").split() if self.layout.version == 2 else []
        if not set(needed) <= set(there):
            for root, folder in self.folders:
                _make(root, folder, self.layout, needed)
        self._limit(resources, writes)

    def _limit(self, resources: dict[str, Any], writes: list[Write]) -> None:
        if self.layout.version == 2:
            _confine_devices(self.folders[0][1], resources.get("devices") or [])
        path, fd = "", -1
        try:
            for controller, file, value in writes:
                wanted = f"{self.folder(controller)}/{file}"
                # A list of devices is a dozen lines for the same file, and each is a write of its own.
                if wanted != path:
                    if fd >= 0:
                        os.close(fd)
                    fd = -1
                    fd = os.open(wanted, os.O_WRONLY | os.O_CLOEXEC)
                    path = wanted
                _write(fd, path, value)
        finally:
            if fd >= 0:
                os.close(fd)

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
        """The processes of the group and of the groups below it."""
        found: set[int] = set()
        for folder in _tree(self._any_folder()):
            found.update(int(pid) for pid in read(f"{folder}/cgroup.procs").split())
        return sorted(found)

    def kill_all(self) -> None:
        """End every process of the group, and see them gone; TimeoutError when they are not after ten seconds."""
        if self.layout.version == 2:
            try:
                # Linux >= 5.14: all at once, also what is being forked.
                write(f"{self._any_folder()}/cgroup.kill", "1")
            except FileNotFoundError:
                pass
        deadline = time.monotonic() + _KILL_PATIENCE
        pause = _FIRST_PAUSE
        frozen = False
        try:
            while pids := self.pids():
                for pid in pids:
                    try:
                        os.kill(pid, SIGKILL)
                    except ProcessLookupError:
                        continue
                if frozen:
                    # A frozen process dies only when it is thawed.
                    self._set_frozen(False)
                    frozen = False
                if time.monotonic() > deadline:
                    raise TimeoutError(f"processes {pids} of control group {self.path} do not end")
                time.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                if pause == _LONGEST_PAUSE and not frozen and self._has_freezer():
                    # What still forks faster than it is killed holds still when frozen.
                    self._set_frozen(True)
                    frozen = True
        finally:
            if frozen:
                self._set_frozen(False)

    def freeze(self, frozen: bool) -> None:
        """Halt every process of the group, or let them go on; returns when it is so.

        TimeoutError when the kernel does not get there in five seconds (a process in an uninterruptible wait).
        """
        self._set_frozen(frozen)
        deadline = time.monotonic() + _FREEZE_PATIENCE
        pause = _FIRST_PAUSE
        while self.frozen() != frozen:
            if time.monotonic() > deadline:
                self._set_frozen(False)
                raise TimeoutError(f"control group {self.path} does not {'freeze' if frozen else 'thaw'}")
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if frozen:
                # v1 takes a second write when a process forked meanwhile.
                self._set_frozen(True)

    def frozen(self) -> bool:
        """Whether its processes are halted. OSError when the group is gone, KeyError when nothing here freezes."""
        if self.layout.version == 2:
            return _field(read(f"{self.folder('freezer')}/cgroup.events"), "frozen") == 1
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
        return _field(text, "oom_kill")

    def oom_killed(self) -> bool:
        """Whether the kernel killed something in this group for memory."""
        return self.oom_kills() > 0

    def remove(self) -> None:
        """Remove the group and those that the container made below it; nothing to do where it is gone.

        OSError(EBUSY) when processes are left in it.
        """
        for _, folder in self.folders:
            for path in reversed(_tree(folder)):
                _remove(path)

    def remove_if_empty(self) -> None:
        """Remove the group unless something is in it: for the parents that several containers share."""
        for _, folder in self.folders:
            try:
                os.rmdir(folder)
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.EBUSY, errno.ENOTEMPTY):
                    raise

    def _any_folder(self) -> str:
        return self.folders[0][1]

    def _has_freezer(self) -> bool:
        return "freezer" in self.layout.controllers

    def _set_frozen(self, frozen: bool) -> None:
        if self.layout.version == 2:
            write(f"{self.folder('freezer')}/cgroup.freeze", "1" if frozen else "0")
        else:
            write(f"{self.folder('freezer')}/freezer.state", "FROZEN" if frozen else "THAWED")


def read(path: str) -> str:
    """The content of one file of the kernel's."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(fd, 1 << 16):
            parts.append(part)
    finally:
        os.close(fd)
    return b"".join(parts).decode()


def write(path: str, value: str) -> None:
    """One write(2). OSError names the file and the value."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        _write(fd, path, value)
    finally:
        os.close(fd)


def _write(fd: int, path: str, value: str) -> None:
    try:
        os.write(fd, value.encode())
    except OSError as error:
        raise OSError(error.errno, f"write {value!r}: {os.strerror(error.errno or 0)}", path) from None


def _field(text: str, name: str) -> int:
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0


def _controllers(writes: list[tuple[str, str, str]]) -> list[str]:
    return sorted({controller for controller, _, _ in writes})


def _make(root: str, folder: str, layout: Layout, needed: list[str]) -> None:
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


def _confine_devices(folder: str, rules: list[dict[str, Any]]) -> None:
    allowed = allowed_devices(rules)
    if allowed is None:
        return
    program = bpf.load_devices(bpf.assemble_devices(allowed))
    try:
        bpf.attach_devices(folder, program)
    finally:
        os.close(program)


def _tree(folder: str) -> list[str]:
    """The folder and all below it, each before its children; empty when it is gone."""
    try:
        names = [entry.path for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return [folder, *(path for name in names for path in _tree(name))]


def _remove(path: str) -> None:
    deadline = time.monotonic() + _REMOVE_PATIENCE
    pause = _FIRST_PAUSE
    while True:
        try:
            os.rmdir(path)
            return
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
