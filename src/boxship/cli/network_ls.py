"""`boxship network ls`: list networks."""

from boxship.cli.context import Cli
from boxship.cli.filters import as_query
from boxship.cli.flags import Flag, Parsed
from boxship.cli.listing.networks import NetworkRow
from boxship.cli.output import out, table

USAGE = "[OPTIONS]"
ABOUT = "List networks"
ARGS = (0, 0)
FLAGS = (
    Flag("filter", "f", "filter", "Show only what fits, name=value: driver, id, label, name, scope, type, dangling"),
    Flag("format", "", "string", "table, table TEMPLATE, json, or a Go template"),
    Flag("no-trunc", "", "", "Cut nothing short"),
    Flag("quiet", "q", "", "Print ids only"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """List, and print. DaemonError, CliError."""
    given = parsed.text("format")
    text = given or cli.config.get("networksFormat") or "table"
    answer = cli.client.call("GET", "/networks", as_query(parsed.list("filter")))
    shown = [NetworkRow(one, parsed.on("no-trunc")) for one in sorted(answer, key=lambda one: one["Name"])]
    if parsed.on("quiet") and not given:
        out("".join([f"{row.get_ID()}\n" for row in shown]))
    elif text != "table":
        from boxship.cli.listing.formats import render

        out(render(text, shown, NetworkRow))
    else:
        columns = ("ID", "Name", "Driver", "Scope")
        headings = [NetworkRow.FIELDS[name] for name in columns]
        out(table([headings, *[[row.field(name) for name in columns] for row in shown]]))
    return 0
