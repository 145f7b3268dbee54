"""What every verb gets: the global flags, and the log."""

from __future__ import annotations

import os

from boxship.oci.container import Container
from boxship.oci.log import Log


class Context:
    """root: where containers' folders are; systemd: whether cgroupsPath is "slice:prefix:name" for systemd."""

    def __init__(self, root: str, log: Log, *, systemd: bool) -> None:
        self.root = root
        self.log = log
        self.systemd = systemd

    def container(self, container_id: str) -> Container:
        """NotFound when there is none of that id."""
        return Container.load(self.root, container_id)


def default_root() -> str:
    """/run/boxship/oci for root, a folder of the user's own otherwise."""
    if os.geteuid() == 0:
        return "/run/boxship/oci"
    return os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.geteuid()}") + "/boxship/oci"
