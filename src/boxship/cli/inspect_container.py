"""`boxship container inspect`."""

from boxship.cli.context import Cli
from boxship.cli.flags import Parsed
from boxship.cli.inspect import FORMAT, SIZE, of_kind, show

USAGE = "[OPTIONS] CONTAINER [CONTAINER...]"
ABOUT = "Show everything that is known about containers"
ARGS = (1, -1)
COMPLETES = "containers"
FLAGS = (FORMAT, SIZE)


def run(cli: Cli, parsed: Parsed) -> int:
    """Inspect containers. CliError."""
    size = parsed.on("size")
    return show(parsed, lambda name: of_kind(cli, "container", name, size))
