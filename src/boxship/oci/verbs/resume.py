"""`boxship oci resume`: let a paused container go on."""

from __future__ import annotations

from boxship.cli.flags import Flag, Parsed
from boxship.lib.errors import Conflict
from boxship.oci.context import Context

USAGE = "ID"
FLAGS: tuple[Flag, ...] = ()
ARGS = (1, 1)


def run(context: Context, parsed: Parsed) -> int:
    container = context.container(parsed.args[0])
    cgroup = container.cgroup()
    if cgroup is None or not cgroup.frozen():
        raise Conflict(f"container not paused: {container.id} is {container.status()}")
    cgroup.freeze(False)
    return 0
