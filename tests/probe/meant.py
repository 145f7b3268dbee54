"""Where a container of ours is different from Docker's on purpose, and never weaker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Meant:
    """Under some sets of options (fnmatch), in a line of a section: Docker's words, ours in their place, and why."""

    options: str
    section: str
    docker: str
    ours: str
    reason: str


MEANT: tuple[Meant, ...] = (
    Meant(
        "host-network",
        "mounts",
        "/sys sysfs / ro,nosuid,nodev,noexec,relatime ro",
        "/sys sysfs / ro,nosuid,nodev,noexec,relatime rw",
        "a network namespace has one sysfs, and the host's is the host's own: only the container's mount is read-only "
        "(Docker was asked in a network namespace of its own)",
    ),
    Meant(
        "joined*",
        "files",
        "0 /dev/null 0",
        "0 /dev/null 02",
        "an exec without input reads from the container's null device, opened as its first process has it",
    ),
    Meant("joined-user", "identity", "groups 29 1000 2000 2000", "groups 29 1000 2000", "no group is listed twice"),
)
