"""`boxship oci state`: a container's state, as runtime.md has it and with what runc adds."""

from __future__ import annotations

import os

from boxship.cli.flags import Flag, Parsed
from boxship.lib.plainjson import encode
from boxship.oci.context import Context

USAGE = "ID"
FLAGS: tuple[Flag, ...] = ()
ARGS = (1, 1)


def run(context: Context, parsed: Parsed) -> int:
    container = context.container(parsed.args[0])
    record = container.record
    state = {**container.state(), "rootfs": record.get("rootfs", ""), "created": record.get("created", ""), "owner": ""}
    lines = (f"  {encode(key).decode()}: {encode(value).decode()}" for key, value in state.items())
    os.write(1, ("{\n" + ",\n".join(lines) + "\n}\n").encode())
    return 0
