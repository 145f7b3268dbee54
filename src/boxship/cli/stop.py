"""`boxship stop`."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.several import for_each

USAGE = "[OPTIONS] CONTAINER [CONTAINER...]"
ABOUT = "Stop running containers"
ARGS = (1, -1)
COMPLETES = "running"
FLAGS = (
    Flag("signal", "s", "string", "Signal that asks the container to stop"),
    Flag("time", "", "int", "Seconds to wait before it is killed", hidden=True),
    Flag("timeout", "t", "int", "Seconds to wait before it is killed"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Stop all at once; print each name. CliError."""
    return each(cli, parsed, "stop")


def each(cli: Cli, parsed: Parsed, verb: str) -> int:
    """POST `verb` for every container, with the signal and the grace time. CliError."""
    query = [("signal", parsed.text("signal"))] if parsed.text("signal") else []
    for name in ("timeout", "time"):
        if name in parsed.given:
            query.append(("t", str(parsed.number(name))))
            break
    return for_each(parsed.args, lambda name: cli.client.again().call("POST", f"/containers/{name}/{verb}", query))
