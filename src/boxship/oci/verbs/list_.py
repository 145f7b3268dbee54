"""`boxship oci list`: the containers below the root."""

from __future__ import annotations

import json
import os

from boxship.cli.flags import Flag, Parsed
from boxship.lib.errors import InvalidParameter, NotFound
from boxship.oci.container import all_ids
from boxship.oci.context import Context

USAGE = "[OPTIONS]"
FLAGS = (
    Flag("format", "f", "string", "table or json", note="table"),
    Flag("quiet", "q", "", "The ids alone"),
)
ARGS = (0, 0)
_COLUMNS = ("ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER")


def run(context: Context, parsed: Parsed) -> int:
    kind = parsed.text("format") or "table"
    if kind not in ("table", "json"):
        raise InvalidParameter(f"--format {kind!r} is not table or json")
    if parsed.on("quiet"):
        text = "".join(f"{container_id}\n" for container_id in all_ids(context.root))
    else:
        states = _states(context)
        text = f"{json.dumps(states)}\n" if kind == "json" else _table(states)
    os.write(1, text.encode())
    return 0


def _states(context: Context) -> list[dict[str, object]]:
    states = []
    for container_id in all_ids(context.root):
        try:
            container = context.container(container_id)
            created, owner = container.record.get("created", ""), "root"
            states.append({**container.state(), "created": created, "owner": owner})
        except NotFound:
            # Deleted while we looked.
            continue
    return states


def _table(states: list[dict[str, object]]) -> str:
    rows = [_COLUMNS, *(tuple(str(state.get(name.lower(), "")) for name in _COLUMNS) for state in states)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)
