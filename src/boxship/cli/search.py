"""`boxship search`."""

from boxship.cli.context import Cli
from boxship.cli.filters import as_query
from boxship.cli.flags import Flag, Parsed
from boxship.cli.listing.found import FoundRow
from boxship.cli.output import out, table

USAGE = "[OPTIONS] TERM"
ABOUT = "Search Docker Hub, or the registry that TERM begins with"
ARGS = (1, 1)
FLAGS = (
    Flag("filter", "f", "filter", "Show only what fits, name=value: is-official, stars"),
    Flag("format", "", "string", "table TEMPLATE, json, or a Go template"),
    Flag("limit", "", "int", "At most so many results"),
    Flag("no-trunc", "", "", "Cut nothing short"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Search, and print in the registry's order. DaemonError, CliError."""
    from boxship.cli.registry.credentials import header

    term = parsed.args[0]
    host, slash, _ = term.partition("/")
    domain = host if slash and ("." in host or ":" in host or host == "localhost") else "docker.io"
    query = [("term", term), *as_query(list(parsed.list("filter")))]
    query += [("limit", str(parsed.number("limit")))] if "limit" in parsed.given else []
    found = cli.client.call("GET", "/images/search", query, headers=(header(cli, domain),))
    shown = [FoundRow(entry, parsed.on("no-trunc")) for entry in found or []]
    text = parsed.text("format") or "table"
    if text != "table":
        from boxship.cli.listing.formats import render

        out(render(text, shown, FoundRow))
        return 0
    columns = ("Name", "Description", "StarCount", "IsOfficial")
    out(table([[FoundRow.FIELDS[name] for name in columns], *[[row.field(name) for name in columns] for row in shown]]))
    return 0
