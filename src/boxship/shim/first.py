"""The fork of a container's first process, by its monitor."""

from __future__ import annotations

import os

from boxship.kernel import process as kernel
from boxship.kernel.cgroup.entry import close_group, open_group
from boxship.shim import child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from boxship.shim.become import Stdio


def fork_first(request: dict[str, Any], stdio: Stdio, report: int) -> int:
    """Start the first process of a start request; its pid. It tells its failures through `report`. OSError, Failed."""
    if request["pid_namespace"]:
        # Takes effect on children only.
        fd = os.open(request["pid_namespace"], os.O_RDONLY | os.O_CLOEXEC)
        kernel.setns(fd, kernel.CLONE_NEWPID)
        os.close(fd)
    plan = f"{request['bundle']}/plan.json"
    # A scope is not there before its first process is.
    group = -1 if request.get("scope") else open_group(request.get("group", ""), make=True)
    try:
        if request.get("staged"):
            # Rare, and every monitor would carry it.
            from boxship.shim.stage import fork_staged

            return fork_staged(plan, stdio, report, group=group)
        pid = kernel.fork_with_namespaces(request["namespaces"], group)
        if pid == 0:
            child.init(plan, stdio, report)
        return pid
    finally:
        close_group(group)
