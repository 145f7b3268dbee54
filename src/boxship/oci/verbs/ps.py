"""`boxship oci ps`: the processes of a container, as the host's ps shows them."""

from __future__ import annotations

import json
import os
import subprocess

from boxship.cli.flags import Flag, Parsed
from boxship.lib.errors import BoxshipError, Conflict, InvalidParameter
from boxship.oci.context import Context

USAGE = "[OPTIONS] ID [PS OPTION...]"
FLAGS = (Flag("format", "f", "string", "table, or json for the pids alone", note="table"),)
ARGS = (1, -1)
INTERSPERSED = False


def run(context: Context, parsed: Parsed) -> int:
    container = context.container(parsed.args[0])
    cgroup = container.cgroup()
    if cgroup is None:
        raise Conflict(f"container {container.id} has no control group: its processes are not known")
    pids = cgroup.pids()
    if (parsed.text("format") or "table") == "json":
        os.write(1, f"{json.dumps(pids)}\n".encode())
        return 0
    try:
        done = subprocess.run(["ps", *(parsed.args[1:] or ["-ef"])], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BoxshipError("there is no ps on this host (Debian: procps); --format json goes without") from None
    head, *rows = done.stdout.splitlines() or [""]
    if done.returncode or "PID" not in head.split():
        raise InvalidParameter(f"ps with these options shows no PID column: {done.stderr.strip()}")
    column = head.split().index("PID")
    wanted = {str(pid) for pid in pids}
    lines = [head, *(row for row in rows if len(row.split()) > column and row.split()[column] in wanted)]
    os.write(1, "".join(f"{line}\n" for line in lines).encode())
    return 0
