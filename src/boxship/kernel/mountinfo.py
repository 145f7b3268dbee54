"""What is mounted where (proc_pid_mountinfo(5))."""

from __future__ import annotations

from boxship.kernel.cgroup.layout import unescape


class Mounted:
    """A mount. point: where; kind: the file system's; source: what it is of, as whoever mounted it said."""

    __slots__ = ("kind", "point", "source")

    def __init__(self, point: str, kind: str, source: str) -> None:
        self.point = point
        self.kind = kind
        self.source = source


def mounts_below(folder: str) -> list[Mounted]:
    """The mounts in this mount namespace that lie below `folder`, an absolute path without links; in their order."""
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            if folder not in line and "\\" not in line:
                continue
            before, _, after = line.rstrip("\n").partition(" - ")
            point = unescape(before.split(" ")[4])
            if point.startswith(f"{folder}/"):
                kind, source = after.split(" ")[:2]
                found.append(Mounted(point, kind, unescape(source)))
    return found
