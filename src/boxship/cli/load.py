"""`boxship load`."""

import os

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import write
from boxship.cli.progress import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

USAGE = "[OPTIONS]"
ABOUT = "Read images from an archive that save wrote"
ARGS = (0, 0)
FLAGS = (
    Flag("input", "i", "string", "Read from this file instead of standard input"),
    Flag("platform", "", "strings", "Load only this platform, os[/arch[/variant]]", many="list"),
    Flag("quiet", "q", "", "Show no progress"),
)
PIECE = 1024 * 1024


def run(cli: Cli, parsed: Parsed) -> int:
    """Load, and print the images' names. CliError, DaemonError."""
    path = parsed.text("input")
    if path:
        fd = open_file(path)
    else:
        fd = 0
        if os.isatty(0):
            raise CliError("requested load from stdin, but stdin is empty")
    quiet = parsed.on("quiet") or not os.isatty(1)
    query = [("quiet", "1" if quiet else "0")]
    if parsed.list("platform"):
        from boxship.cli.platforms import as_json

        query += [("platform", as_json(text)) for text in parsed.list("platform")]
    headers = (("Content-Type", "application/x-tar"),)
    response = cli.client.open("POST", "/images/load", query, headers=headers, stream=pieces(fd))
    if response.headers.get("content-type", "").startswith("application/json"):
        from boxship.client.json import decode_stream

        show(decode_stream(response.pieces()), 1)
    else:
        for piece in response.pieces():
            write(1, piece)
    return 0


def open_file(path: str) -> int:
    """A file, opened to be read. CliError in Go's words."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        from boxship.cli.options.files import go_error

        raise CliError(f"open {path}: {go_error(error)}") from None


def pieces(fd: int) -> "Iterator[bytes]":
    """The content of a descriptor from where it stands to its end."""
    while True:
        data = os.read(fd, PIECE)
        if not data:
            return
        yield data
