"""`boxship system df`: what takes space on the disk."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.listing.usage import UsageRow, usage_rows
from boxship.cli.output import out, table

USAGE = "[OPTIONS]"
ABOUT = "Show what takes space on the disk"
ARGS = (0, 0)
FLAGS = (
    Flag("format", "", "string", "table, table TEMPLATE, json, or a Go template"),
    Flag("verbose", "v", "", "Show every image, container and volume"),
)
_COLUMNS = ("Type", "TotalCount", "Active", "Size", "Reclaimable")


def run(cli: Cli, parsed: Parsed) -> int:
    """Ask, and print. DaemonError, CliError."""
    text = parsed.text("format") or "table"
    answer = cli.client.call("GET", "/system/df")
    if parsed.on("verbose"):
        from boxship.cli.listing.usage_details import render_details

        out(render_details(answer, text))
        return 0
    rows = usage_rows(answer)
    if text != "table":
        from boxship.cli.listing.formats import render

        out(render(text, rows, UsageRow))
        return 0
    lines = [[row.field(name) for name in _COLUMNS] for row in rows]
    unowned = (answer.get("Disk") or {}).get("Unowned") or 0
    if unowned:
        from boxship.cli.units import human_size

        lines.append(["Nobody's", str(len(answer["Disk"]["UnownedPaths"])), "0", human_size(unowned), "0B"])
    out(table([[UsageRow.FIELDS[name] for name in _COLUMNS], *lines]))
    return 0
