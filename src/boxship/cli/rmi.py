"""`boxship rmi`."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import out
from boxship.client.errors import DaemonError
from boxship.client.text import quote

USAGE = "[OPTIONS] IMAGE [IMAGE...]"
ABOUT = "Remove images"
ARGS = (1, -1)
COMPLETES = "images"
FLAGS = (
    Flag("force", "f", "", "Remove it even where a stopped container or another name uses it"),
    Flag("no-prune", "", "", "Keep parents that have no name"),
    Flag("platform", "", "strings", "Remove only this platform, os[/arch[/variant]]", many="list"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Remove one after the other, print what was untagged and deleted. CliError."""
    query = [("force", "1")] if parsed.on("force") else []
    query += [("noprune", "1")] if parsed.on("no-prune") else []
    if parsed.list("platform"):
        from boxship.cli.platforms import as_json

        query += [("platforms", as_json(text)) for text in parsed.list("platform")]
    failures: list[str] = []
    fatal = False
    for name in parsed.args:
        try:
            answer = cli.client.call("DELETE", f"/images/{quote(name, b'/:@')}", query)
        except DaemonError as error:
            fatal = fatal or error.status != 404
            failures.append(f"Error response from daemon: {error.message}")
            continue
        for item in answer:
            out(f"Deleted: {item['Deleted']}\n" if item.get("Deleted") else f"Untagged: {item['Untagged']}\n")
    if failures:
        raise CliError("\n".join(failures), 1 if fatal or not parsed.on("force") else 0)
    return 0
