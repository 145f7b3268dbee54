"""`boxship logout`."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import err, out
from boxship.cli.registry.names import HUB, hostname, key_of

USAGE = "[SERVER]"
ABOUT = "Forget the credentials of a registry, Docker Hub's unless another is named"
ARGS = (0, 1)
FLAGS: tuple[Flag, ...] = ()


def run(cli: Cli, parsed: Parsed) -> int:
    """Forget them. CliError when config.json can't be written."""
    from boxship.cli.registry.credentials import erase

    server = HUB if not parsed.args else key_of(hostname(parsed.args[0]))
    out(f"Removing login credentials for {server}\n")
    failures = erase(cli, server)
    if failures:
        err("WARNING: could not erase credentials:\n")
        for failure in failures:
            err(f"{failure}\n")
    return 0
