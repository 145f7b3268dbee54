"""`boxship oci delete`: a container that has stopped, and all that `create` made for it."""

from __future__ import annotations

from boxship.cli.flags import Flag, Parsed
from boxship.lib.errors import Conflict, NotFound
from boxship.oci.context import Context
from boxship.oci.destroy import destroy
from boxship.oci.ending import kill_all

USAGE = "[OPTIONS] ID"
FLAGS = (Flag("force", "f", "", "Kill it first if it is there, and say nothing if it is not"),)
ARGS = (1, 1)


def run(context: Context, parsed: Parsed) -> int:
    force = parsed.on("force")
    try:
        container = context.container(parsed.args[0])
    except NotFound:
        if force:
            return 0
        raise
    with container.locked():
        status = container.status()
        if status != "stopped":
            if not force:
                raise Conflict(f"cannot delete container {container.id} that is not stopped: {status}")
            kill_all(container)
        try:
            hooks = container.spec().get("hooks")
        except FileNotFoundError:
            # Its `create` was killed early.
            hooks = None
        destroy(container, context.log, poststop=hooks)
    return 0
