"""`boxship save`."""

import os

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import write

USAGE = "[OPTIONS] IMAGE [IMAGE...]"
ABOUT = "Write images as one tar archive"
ARGS = (1, -1)
COMPLETES = "images"
FLAGS = (
    Flag("output", "o", "string", "Write to this file instead of standard output"),
    Flag("platform", "", "strings", "Save only this platform, os[/arch[/variant]]", many="list"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Save; a file is there only when it is whole. CliError, DaemonError."""
    path = parsed.text("output")
    if not path and os.isatty(1):
        raise CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect")
    query = [("names", name) for name in parsed.args]
    if parsed.list("platform"):
        from boxship.cli.platforms import as_json

        query += [("platform", as_json(text)) for text in parsed.list("platform")]
    if not path:
        for piece in cli.client.open("GET", "/images/get", query).pieces():
            write(1, piece)
        return 0
    from boxship.cli.whole_file import WholeFile

    with WholeFile(path, "failed to save image") as file:
        for piece in cli.client.open("GET", "/images/get", query).pieces():
            file.write(piece)
    return 0
