"""`boxship oci pause`: halt all processes of a container."""

from __future__ import annotations

from boxship.cli.flags import Flag, Parsed
from boxship.lib.errors import Conflict, Unsupported
from boxship.oci.context import Context

USAGE = "ID"
FLAGS: tuple[Flag, ...] = ()
ARGS = (1, 1)


def run(context: Context, parsed: Parsed) -> int:
    container = context.container(parsed.args[0])
    status = container.status()
    cgroup = container.cgroup()
    if status not in ("running", "created"):
        raise Conflict(f"container not running: {container.id} is {status}")
    if cgroup is None:
        raise Unsupported(f"container {container.id} has no control group that could be frozen")
    cgroup.freeze(True)
    return 0
