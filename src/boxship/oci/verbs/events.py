"""`boxship oci events`: a container's statistics, once or again and again."""

from __future__ import annotations

import json
import os
import time

from boxship.cli.flags import Flag, Parsed
from boxship.lib.errors import Conflict
from boxship.oci.context import Context
from boxship.oci.statistics import statistics

USAGE = "[OPTIONS] ID"
FLAGS = (
    Flag("interval", "", "duration", "Time between two lines", note="5s"),
    Flag("stats", "", "", "Once, then quit"),
)
ARGS = (1, 1)
_INTERVAL_NS = 5_000_000_000


def run(context: Context, parsed: Parsed) -> int:
    container = context.container(parsed.args[0])
    while True:
        cgroup = container.cgroup()
        if container.status() == "stopped":
            if not parsed.on("stats"):
                return 0
            raise Conflict(f"container not running: {container.id} has stopped")
        if cgroup is None:
            raise Conflict(f"container {container.id} has no control group")
        line = {"type": "stats", "id": container.id, "data": statistics(cgroup)}
        os.write(1, f"{json.dumps(line)}\n".encode())
        if parsed.on("stats"):
            return 0
        time.sleep(parsed.number("interval", _INTERVAL_NS) / 1e9)
