"""`boxship network inspect`."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.inspect import FORMAT, of_kind, show

USAGE = "[OPTIONS] NETWORK [NETWORK...]"
ABOUT = "Show everything that is known about networks"
ARGS = (1, -1)
COMPLETES = "networks"
FLAGS = (FORMAT, Flag("verbose", "v", "", "Show more, of swarms"))


def run(cli: Cli, parsed: Parsed) -> int:
    """Inspect networks. CliError."""
    return show(parsed, lambda name: of_kind(cli, "network", name))
