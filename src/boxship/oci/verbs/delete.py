"""`boxship oci delete`: a container that has stopped, and all that `create` made for it."""

from __future__ import annotations

import signal

from boxship.cli.flags import Flag, Parsed
from boxship.lib.errors import Conflict, NotFound
from boxship.oci.container import Container
from boxship.oci.context import Context
from boxship.oci.destroy import destroy
from boxship.oci.ending import send_signal, wait_until_stopped

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
            if container.pid:
                _kill(container.status(), container)
        try:
            hooks = container.spec().get("hooks")
        except FileNotFoundError:
            # Its `create` was killed early.
            hooks = None
        destroy(container, context.log, poststop=hooks)
    return 0


def _kill(status: str, container: Container) -> None:
    send_signal(container, signal.SIGKILL)
    cgroup = container.cgroup()
    if cgroup is not None:
        if status == "paused":
            cgroup.freeze(False)
        if container.record.get("made_cgroup", True):
            cgroup.kill_all()
    wait_until_stopped(container)
