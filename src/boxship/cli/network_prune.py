"""`boxship network prune`: remove networks that nobody uses."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import out
from boxship.cli.pruning import FORCE, agreed, filters, networks

USAGE = "[OPTIONS]"
ABOUT = "Remove all unused networks"
ARGS = (0, 0)
FLAGS = (Flag("filter", "", "filter", "Remove only what fits, name=value: until, label, label!"), FORCE)


def run(cli: Cli, parsed: Parsed) -> int:
    """Ask, remove, and tell which. DaemonError."""
    if agreed(parsed, "WARNING! This will remove all custom networks not used by at least one container."):
        _, text = networks(cli, filters(cli, parsed))
        out(f"{text}\n" if text else "")
    return 0
