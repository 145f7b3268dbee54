"""`boxship logs`."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.streams import print_all

USAGE = "[OPTIONS] CONTAINER"
ABOUT = "Show what a container has written"
ARGS = (1, 1)
COMPLETES = "containers"
FLAGS = (
    Flag("details", "", "", "Show the attributes that its log was given"),
    Flag("follow", "f", "", "Go on with what comes"),
    Flag("since", "", "string", 'Begin at this time ("2013-01-02T13:23:37Z") or that long ago ("42m")'),
    Flag("tail", "n", "string", "How many of the last lines to show", note='"all"'),
    Flag("timestamps", "t", "", "Show when each line was written"),
    Flag("until", "", "string", 'End at this time ("2013-01-02T13:23:37Z") or that long ago ("42m")'),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Print the log, each stream on its own. CliError, DaemonError."""
    name = parsed.args[0]
    tty = cli.client.call("GET", f"/containers/{name}/json")["Config"]["Tty"]
    query = [(flag, "1") for flag in ("details", "follow") if parsed.on(flag)]
    query += _time(parsed, "since")
    query += [("stderr", "1"), ("stdout", "1"), ("tail", parsed.text("tail", "all"))]
    query += [("timestamps", "1")] if parsed.on("timestamps") else []
    query += _time(parsed, "until")
    response = cli.client.open("GET", f"/containers/{name}/logs", query)
    print_all(response.pieces(), multiplexed=not tty)
    return 0


def _time(parsed: Parsed, name: str) -> list[tuple[str, str]]:
    text = parsed.text(name)
    if not text:
        return []
    from boxship.cli.timestamps import for_api

    try:
        return [(name, for_api(text))]
    except ValueError as error:
        raise CliError(f'invalid value for "{name}": {error}') from None
