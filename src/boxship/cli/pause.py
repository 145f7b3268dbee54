"""`boxship pause`."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.several import for_each

USAGE = "CONTAINER [CONTAINER...]"
ABOUT = "Freeze all processes of containers"
ARGS = (1, -1)
COMPLETES = "running"
FLAGS: tuple[Flag, ...] = ()


def run(cli: Cli, parsed: Parsed) -> int:
    """Pause all at once; print each name. CliError."""
    return for_each(parsed.args, lambda name: cli.client.again().call("POST", f"/containers/{name}/pause"))
