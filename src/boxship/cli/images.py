"""`boxship images`: list images."""

from boxship.cli.context import Cli
from boxship.cli.filters import as_query
from boxship.cli.flags import Flag, Parsed
from boxship.cli.listing.images import ImageRow, rows
from boxship.cli.output import err, out, table

USAGE = "[OPTIONS] [REPOSITORY[:TAG]]"
ABOUT = "List images"
ARGS = (0, 1)
FLAGS = (
    Flag("all", "a", "", "Show intermediate images too"),
    Flag("digests", "", "", "Show digests"),
    Flag("filter", "f", "filter", "Show only what fits, name=value: dangling, label, reference, before, since"),
    Flag("format", "", "string", "table, table TEMPLATE, json, or a Go template"),
    Flag("no-trunc", "", "", "Cut nothing short"),
    Flag("quiet", "q", "", "Print ids only"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """List, and print. DaemonError, CliError."""
    given = parsed.text("format")
    text = given or cli.config.get("imagesFormat") or "table"
    quiet, digests = parsed.on("quiet"), parsed.on("digests")
    if quiet and given:
        err("WARNING: Ignoring custom format, because both --format and --quiet are set.\n")
    filters = list(parsed.list("filter")) + [("reference", name) for name in parsed.args]
    query = ([("all", "1")] if parsed.on("all") else []) + as_query(filters)
    answer = cli.client.call("GET", "/images/json", query)
    shown = list(rows(answer, parsed.on("no-trunc"), digests or "{{.Digest}}" in text))
    if quiet:
        out("".join([f"{row.get_ID()}\n" for row in shown]))
    elif text != "table":
        from boxship.cli.listing.formats import render

        out(render(text, shown, ImageRow))
    else:
        columns = ["Repository", "Tag", *(["Digest"] if digests else []), "ID", "CreatedSince", "Size"]
        headings = [ImageRow.FIELDS[name] for name in columns]
        out(table([headings, *[[row.field(name) for name in columns] for row in shown]]))
    return 0
