"""Where a container of ours is different from Docker's on purpose, and never weaker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Meant:
    """Under a set of options, in a line of a section: Docker's words and ours in their place, with the reason."""

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
)
