"""`boxship restart`."""

from boxship.cli.context import Cli
from boxship.cli.flags import Parsed
from boxship.cli.stop import FLAGS as FLAGS
from boxship.cli.stop import each

USAGE = "[OPTIONS] CONTAINER [CONTAINER...]"
ABOUT = "Stop containers and start them again"
ARGS = (1, -1)
COMPLETES = "running"


def run(cli: Cli, parsed: Parsed) -> int:
    """Restart all at once; print each name. CliError."""
    return each(cli, parsed, "restart")
