"""`boxship container prune`: remove every container that does not run."""

import sys

from boxship.cli.context import Cli
from boxship.cli.filters import as_query
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import out

USAGE = "[OPTIONS]"
ABOUT = "Remove all stopped containers"
ARGS = (0, 0)
FLAGS = (
    Flag("filter", "", "filter", "Remove only what fits, name=value: until, label, label!"),
    Flag("force", "f", "", "Don't ask"),
)
_QUESTION = "WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] "


def run(cli: Cli, parsed: Parsed) -> int:
    """Ask, remove, and tell what came back. DaemonError."""
    from boxship.cli.units import human_size

    if not parsed.on("force"):
        out(_QUESTION)
        if sys.stdin.readline().strip().lower() != "y":
            return 0
    answer = cli.client.call("POST", "/containers/prune", as_query(parsed.list("filter")))
    deleted = answer.get("ContainersDeleted") or []
    if deleted:
        out("Deleted Containers:\n" + "".join([f"{name}\n" for name in deleted]) + "\n")
    out(f"Total reclaimed space: {human_size(answer['SpaceReclaimed'])}\n")
    return 0
