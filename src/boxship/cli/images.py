"""`boxship images`: list images."""

from boxship.cli.context import Cli, CliError
from boxship.cli.filters import as_query
from boxship.cli.flags import Flag, Parsed
from boxship.cli.listing.images import ImageRow, rows
from boxship.cli.output import err, out, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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
    Flag("tree", "", "", "Show each image once, with all its names"),
)
_NOT_WITH_TREE = (("quiet", "quiet"), ("no-trunc", "no-trunc"), ("digests", "show-digest"), ("format", "format"))


def run(cli: Cli, parsed: Parsed) -> int:
    """List, and print. DaemonError, CliError."""
    if parsed.on("tree"):
        return _tree(cli, parsed)
    given = parsed.text("format")
    text = given or cli.config.get("imagesFormat") or "table"
    quiet, digests = parsed.on("quiet"), parsed.on("digests")
    if quiet and given:
        err("WARNING: Ignoring custom format, because both --format and --quiet are set.\n")
    answer = _ask(cli, parsed)
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


def _ask(cli: Cli, parsed: Parsed) -> "list[dict[str, Any]]":
    filters = list(parsed.list("filter")) + [("reference", name) for name in parsed.args]
    query = ([("all", "1")] if parsed.on("all") else []) + as_query(filters)
    found: list[dict[str, Any]] = cli.client.call("GET", "/images/json", query)
    return found


def _tree(cli: Cli, parsed: Parsed) -> int:
    from boxship.cli.listing.image_tree import tree

    for flag, shown in _NOT_WITH_TREE:
        if flag in parsed.given:
            raise CliError(f"--{shown} is not yet supported with --tree")
    out(tree(_ask(cli, parsed)))
    return 0
