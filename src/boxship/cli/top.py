"""`boxship top`."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import out, table

USAGE = "CONTAINER [ps OPTIONS]"
ABOUT = "Show the processes of a running container"
ARGS = (1, -1)
INTERSPERSED = False
COMPLETES = "running"
FLAGS: tuple[Flag, ...] = ()

_WIDTH = 20


def run(cli: Cli, parsed: Parsed) -> int:
    """Print what the engine's ps says. CliError."""
    name, *words = parsed.args
    # The engine reads one line of arguments.
    query = [("ps_args", " ".join(words))] if words else []
    body = cli.client.call("GET", f"/containers/{name}/top", query)
    out(table([body["Titles"], *(body["Processes"] or ())], minimum=_WIDTH))
    return 0
