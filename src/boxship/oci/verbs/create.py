"""`boxship oci create`: everything up to the program, which waits for `start`."""

from __future__ import annotations

from boxship.cli.flags import Flag, Parsed
from boxship.oci.context import Context
from boxship.oci.making import FLAGS as MAKING
from boxship.oci.making import make, write_pid

USAGE = "[OPTIONS] ID"
FLAGS: tuple[Flag, ...] = MAKING
ARGS = (1, 1)


def run(context: Context, parsed: Parsed) -> int:
    container, _ = make(context, parsed, detached=True)
    write_pid(parsed, container.pid)
    return 0
