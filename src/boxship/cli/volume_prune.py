"""`boxship volume prune`: remove volumes that nobody uses."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.pruning import FORCE, agreed, filters, tell, volumes

USAGE = "[OPTIONS]"
ABOUT = "Remove unused local volumes"
ARGS = (0, 0)
FLAGS = (
    Flag("all", "a", "", "Remove all unused volumes, not only those without a name"),
    Flag("filter", "", "filter", "Remove only what fits, name=value: label, label!"),
    FORCE,
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Ask, remove, and tell what came back. DaemonError, CliError."""
    named = parsed.on("all")
    chosen = filters(cli, parsed)
    if named and any(name == "all" for name, _ in chosen):
        raise CliError("conflicting options: cannot specify both --all and --filter all=1")
    which = "all local volumes" if named else "anonymous local volumes"
    if agreed(parsed, f"WARNING! This will remove {which} not used by at least one container."):
        tell(volumes(cli, chosen, named=named))
    return 0
