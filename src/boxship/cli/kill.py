"""`boxship kill`."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.several import for_each

USAGE = "[OPTIONS] CONTAINER [CONTAINER...]"
ABOUT = "Send a signal to containers, KILL unless another is named"
ARGS = (1, -1)
COMPLETES = "running"
FLAGS = (Flag("signal", "s", "string", "Signal to send, by name or number"),)


def run(cli: Cli, parsed: Parsed) -> int:
    """Signal all; print each name. CliError."""
    query = [("signal", parsed.text("signal"))] if parsed.text("signal") else []
    return for_each(parsed.args, lambda name: cli.client.again().call("POST", f"/containers/{name}/kill", query))
