"""`boxship rm`."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.several import for_each
from boxship.client.errors import DaemonError

USAGE = "[OPTIONS] CONTAINER [CONTAINER...]"
ABOUT = "Remove containers"
ARGS = (1, -1)
COMPLETES = "containers"
FLAGS = (
    Flag("force", "f", "", "Remove it even where it runs (it is killed)"),
    Flag("link", "l", "", "Remove the link, not the container"),
    Flag("volumes", "v", "", "Remove its anonymous volumes too"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Remove all; print each name. With --force a container that is not there is no failure. CliError."""
    query = [(wire, "1") for flag, wire in (("force", "force"), ("link", "link"), ("volumes", "v")) if parsed.on(flag)]

    def remove(name: str) -> None:
        name = name.strip("/")
        if not name:
            raise CliError("Container name cannot be empty")
        cli.client.again().call("DELETE", f"/containers/{name}", query)

    forgive = _absent if parsed.on("force") else None
    return for_each(parsed.args, remove, forgive=forgive)


def _absent(error: Exception) -> bool:
    return isinstance(error, DaemonError) and error.status == 404
