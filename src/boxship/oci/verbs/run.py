"""`boxship oci run`: create and start; and unless detached, wait and delete."""

from __future__ import annotations

from boxship.cli.flags import Flag, Parsed
from boxship.oci.context import Context
from boxship.oci.destroy import destroy
from boxship.oci.ending import kill_all
from boxship.oci.making import FLAGS as MAKING
from boxship.oci.making import make, write_pid
from boxship.oci.release import release

USAGE = "[OPTIONS] ID"
FLAGS = (
    *MAKING,
    Flag("detach", "d", "", "Don't wait: leave the container behind"),
    Flag("keep", "", "", "Don't delete the container when it has ended"),
)
ARGS = (1, 1)


def run(context: Context, parsed: Parsed) -> int:
    detached = parsed.on("detach")
    container, console = make(context, parsed, detached=detached, program=True)
    hooks = container.spec().get("hooks")
    try:
        write_pid(parsed, container.pid)
        release(context, container)
    except BaseException:
        with container.locked():
            kill_all(container)
            destroy(container, context.log, poststop=hooks)
        raise
    if detached:
        return 0
    # The signal module and its enumerations are for those that wait.
    from boxship.oci.foreground import wait_for

    code = wait_for(container.pid, console)
    if not parsed.on("keep"):
        with container.locked():
            destroy(container, context.log, poststop=hooks)
    return code
