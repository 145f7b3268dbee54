"""`boxship export`."""

import os

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import write

USAGE = "[OPTIONS] CONTAINER"
ABOUT = "Write a container's files as a tar archive"
ARGS = (1, 1)
COMPLETES = "containers"
FLAGS = (Flag("output", "o", "string", "Write to this file instead of standard output"),)


def run(cli: Cli, parsed: Parsed) -> int:
    """Export; a file is there only when it is whole. CliError, DaemonError."""
    path = parsed.text("output")
    if not path:
        if os.isatty(1):
            raise CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect")
        for piece in cli.client.open("GET", f"/containers/{parsed.args[0]}/export").pieces():
            write(1, piece)
        return 0
    from boxship.cli.whole_file import WholeFile

    with WholeFile(path, "failed to export container") as file:
        for piece in cli.client.open("GET", f"/containers/{parsed.args[0]}/export").pieces():
            file.write(piece)
    return 0
