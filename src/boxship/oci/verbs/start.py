"""`boxship oci start`: the program of a container that `create` made."""

from __future__ import annotations

from boxship.cli.flags import Flag, Parsed
from boxship.oci.context import Context
from boxship.oci.release import release

USAGE = "ID"
FLAGS: tuple[Flag, ...] = ()
ARGS = (1, 1)


def run(context: Context, parsed: Parsed) -> int:
    release(context, context.container(parsed.args[0]))
    return 0
