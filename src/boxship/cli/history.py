"""`boxship history`: how an image came to be."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.listing.history import HistoryRow
from boxship.cli.output import out, table
from boxship.client.text import quote

USAGE = "[OPTIONS] IMAGE"
ABOUT = "Show the history of an image"
ARGS = (1, 1)
COMPLETES = "images"
FLAGS = (
    Flag("format", "", "string", "table, table TEMPLATE, json, or a Go template"),
    Flag("human", "H", "", "Sizes and times as people read them", note="true"),
    Flag("no-trunc", "", "", "Cut nothing short"),
    Flag("platform", "", "string", "Look only at this platform, os[/arch[/variant]]"),
    Flag("quiet", "q", "", "Print ids only"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Ask, and print. DaemonError, CliError."""
    text = parsed.text("format") or "table"
    query: list[tuple[str, str]] = []
    if parsed.text("platform"):
        from boxship.cli.platforms import as_json

        query = [("platform", as_json(parsed.text("platform")))]
    human = parsed.given.get("human") is not False
    answer = cli.client.call("GET", f"/images/{quote(parsed.args[0], b'/:@')}/history", query)
    rows = [HistoryRow(step, parsed.on("no-trunc"), human) for step in answer]
    if parsed.on("quiet"):
        out("".join([f"{row.get_ID()}\n" for row in rows]))
    elif text != "table":
        from boxship.cli.listing.formats import render

        out(render(text, rows, HistoryRow))
    else:
        columns = ("ID", "CreatedSince" if human else "CreatedAt", "CreatedBy", "Size", "Comment")
        headings = [HistoryRow.FIELDS[name] for name in columns]
        out(table([headings, *[[row.field(name) for name in columns] for row in rows]]))
    return 0
