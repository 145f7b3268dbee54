"""`boxship oci state`: a container's state, as runtime.md has it and with what runc adds."""

from __future__ import annotations

import json
import os

from boxship.cli.flags import Flag, Parsed
from boxship.oci.context import Context

USAGE = "ID"
FLAGS: tuple[Flag, ...] = ()
ARGS = (1, 1)


def run(context: Context, parsed: Parsed) -> int:
    container = context.container(parsed.args[0])
    record = container.record
    state = {**container.state(), "rootfs": record.get("rootfs", ""), "created": record.get("created", ""), "owner": ""}
    os.write(1, (json.dumps(state, indent=2) + "\n").encode())
    return 0
