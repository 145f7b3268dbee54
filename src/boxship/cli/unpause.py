"""`boxship unpause`."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.several import for_each

USAGE = "CONTAINER [CONTAINER...]"
ABOUT = "Let paused containers go on"
ARGS = (1, -1)
COMPLETES = "paused"
FLAGS: tuple[Flag, ...] = ()


def run(cli: Cli, parsed: Parsed) -> int:
    """Unpause all at once; print each name. CliError."""
    return for_each(parsed.args, lambda name: cli.client.again().call("POST", f"/containers/{name}/unpause"))
