"""Which control group hierarchies this machine has, and where.

Three layouts are in use: v2 alone; v1, one hierarchy a controller or several together (`cpu,cpuacct`); and hybrid,
which is v1 with a v2 hierarchy without controllers beside it. Hybrid counts as v1 here: entering its v2 part costs
15 ms a start and limits nothing.
"""

from __future__ import annotations

import os

from boxship.lib.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CONTROLLERS = frozenset(
    (
        *("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids"),
        *("hugetlb", "net_cls", "net_prio", "perf_event", "rdma", "misc"),
    )
)
_SYSTEMD = "name=systemd"


class Layout:
    """version: 1 or 2. controllers: name -> mount point; of v2 all have the same one.

    roots: every mount point that a container's group is made in, each once. systemd's own v1 hierarchy is among them:
    what is not placed there counts as the daemon's unit's.
    """

    __slots__ = ("controllers", "roots", "version")

    def __init__(self, version: int, controllers: dict[str, str], roots: list[str]) -> None:
        self.version = version
        self.controllers = controllers
        self.roots = roots

    def to_json(self) -> list[Any]:
        """As plain JSON, for a process that shall not have to look."""
        return [self.version, self.controllers, self.roots]

    @staticmethod
    def from_json(value: list[Any]) -> Layout:
        """From what `to_json` gave."""
        version, controllers, roots = value
        return Layout(version, controllers, roots)


def detect(mountinfo: str = "/proc/self/mountinfo") -> Layout:
    """Look at the mounts of this process. Unavailable when no control groups are mounted."""
    with open(mountinfo, "rb", buffering=0) as file:
        found = read_mounts(file.readall().decode("utf-8", "surrogateescape"))
    if found.version == 2:
        path = f"{found.roots[0]}/cgroup.controllers"
        with open(path, "rb", buffering=0) as file:
            names = file.readall().decode().split()
        # Freezing needs no controller, devices are a BPF program.
        found.controllers = dict.fromkeys((*names, "freezer", "devices"), found.roots[0])
    return found


def read_mounts(text: str) -> Layout:
    """The layout that the lines of a mountinfo file describe (proc_pid_mountinfo(5)); v2 without its controllers."""
    v1: dict[str, str] = {}
    v1_roots: list[str] = []
    v2_roots: list[str] = []
    for line in text.splitlines():
        fields, separator, tail = line.partition(" - ")
        if not separator:
            continue
        mountpoint = unescape(fields.split(" ")[4])
        kind, _, options = tail.split(" ", 2)
        if kind == "cgroup2":
            v2_roots.append(mountpoint)
        elif kind == "cgroup":
            names = options.split(" ")[-1].split(",")
            # A second mount of a hierarchy is somebody's own view, perhaps of a part of it.
            known = [name for name in names if (name in _CONTROLLERS or name == _SYSTEMD) and name not in v1]
            if not known:
                continue
            v1.update(dict.fromkeys(known, mountpoint))
            if mountpoint not in v1_roots:
                v1_roots.append(mountpoint)
    v1.pop(_SYSTEMD, None)
    if v1:
        return Layout(1, v1, v1_roots)
    if v2_roots:
        # The one at the usual place first; another tool may have mounted a second view.
        return Layout(2, {}, sorted(v2_roots, key=lambda path: path != "/sys/fs/cgroup")[:1])
    raise Unavailable(
        "no control groups are mounted, and without them a container cannot be limited or ended\n"
        "  to mount them:       mount -t cgroup2 none /sys/fs/cgroup"
    )


def unescape(path: str) -> str:
    """A path of a mountinfo file as it is: blanks and backslashes stand there as octal numbers."""
    if "\\" not in path:
        return path
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        path = path.replace(code, character)
    return os.path.normpath(path)
