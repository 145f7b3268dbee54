"""`boxship network rm`."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.several import for_each
from boxship.client.errors import DaemonError

USAGE = "NETWORK [NETWORK...]"
ABOUT = "Remove networks"
ARGS = (1, -1)
COMPLETES = "networks"
FLAGS = (Flag("force", "f", "", "A network that is not there is no error"),)


def run(cli: Cli, parsed: Parsed) -> int:
    """Remove all; print each name. CliError."""
    forgive = _absent if parsed.on("force") else None
    return for_each(parsed.args, lambda name: cli.client.again().call("DELETE", f"/networks/{name}"), forgive=forgive)


def _absent(error: Exception) -> bool:
    return isinstance(error, DaemonError) and error.status == 404
