"""`boxship container prune`: remove every container that does not run."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.pruning import FORCE, agreed, containers, filters, tell

USAGE = "[OPTIONS]"
ABOUT = "Remove all stopped containers"
ARGS = (0, 0)
FLAGS = (Flag("filter", "", "filter", "Remove only what fits, name=value: until, label, label!"), FORCE)


def run(cli: Cli, parsed: Parsed) -> int:
    """Ask, remove, and tell what came back. DaemonError."""
    if agreed(parsed, "WARNING! This will remove all stopped containers."):
        tell(containers(cli, filters(cli, parsed)))
    return 0
