"""`boxship import`."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.load import open_file, pieces
from boxship.cli.progress import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

USAGE = "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]"
ABOUT = "Make an image from a tar archive of a file system"
ARGS = (1, -1)
FLAGS = (
    Flag("change", "c", "list", "Dockerfile instruction for the image's configuration"),
    Flag("message", "m", "string", "Message for the image's history"),
    Flag("platform", "", "string", "Platform of the image, os[/arch[/variant]]"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Import, and print the image's id. CliError, DaemonError."""
    source = parsed.args[0]
    name = parsed.args[1] if len(parsed.args) > 1 else ""
    if name:
        from boxship.lib.errors import InvalidParameter
        from boxship.model.reference import parse

        try:
            parse(name)
        except InvalidParameter as error:
            raise CliError(error.message) from None
    stream: Iterator[bytes] | None = None
    origin = source
    if source == "-":
        stream, origin = pieces(0), "-"
    elif not source.startswith(("http://", "https://")):
        stream, origin = pieces(open_file(source)), "-"
    query = [("changes", change) for change in parsed.list("change")] + [("fromSrc", origin)]
    query += [("message", parsed.text("message"))] if parsed.text("message") else []
    query += [("platform", parsed.text("platform").lower())] if parsed.text("platform") else []
    query += [("repo", name)] if name else []
    headers = (("Content-Type", "text/plain"),)
    show(cli.client.events("POST", "/images/create", query, headers=headers, stream=stream), 1)
    return 0
