"""`boxship rename`."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.client.errors import DaemonError

USAGE = "CONTAINER NEW_NAME"
ABOUT = "Give a container another name"
ARGS = (2, 2)
COMPLETES = "containers"
FLAGS: tuple[Flag, ...] = ()


def run(cli: Cli, parsed: Parsed) -> int:
    """Rename. CliError."""
    old, new = (name.strip() for name in parsed.args)
    if not old or not new:
        raise CliError("Error: Neither old nor new names may be empty")
    try:
        cli.client.call("POST", f"/containers/{old}/rename", [("name", new)])
    except DaemonError as error:
        message = f"Error response from daemon: {error.message}\nError: failed to rename container named {old}"
        raise CliError(message) from None
    return 0
