"""`boxship diff`."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import out

USAGE = "CONTAINER"
ABOUT = "Show what a container has changed in its image's files"
ARGS = (1, 1)
COMPLETES = "containers"
FLAGS: tuple[Flag, ...] = ()
_LETTERS = "CAD"


def run(cli: Cli, parsed: Parsed) -> int:
    """Print a line for each change. CliError, DaemonError."""
    name = parsed.args[0]
    if not name:
        raise CliError("Container name cannot be empty")
    found = cli.client.call("GET", f"/containers/{name}/changes") or []
    out("".join([f"{_LETTERS[change['Kind']]} {change['Path']}\n" for change in found]))
    return 0
