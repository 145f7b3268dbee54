"""`boxship ps`: list containers."""

from boxship.cli.context import Cli
from boxship.cli.filters import as_query
from boxship.cli.flags import Flag, Parsed
from boxship.cli.listing.containers import ContainerRow
from boxship.cli.output import err, out, table

USAGE = "[OPTIONS]"
ABOUT = "List containers"
ARGS = (0, 0)
FLAGS = (
    Flag("all", "a", "", "Show stopped containers too"),
    Flag("filter", "f", "filter", "Show only what fits, name=value: status, name, label, ancestor, …"),
    Flag("format", "", "string", "table, table TEMPLATE, json, or a Go template"),
    Flag("last", "n", "int", "Show the n containers made last, whatever their state", note="-1"),
    Flag("latest", "l", "", "Show the container made last, whatever its state"),
    Flag("no-trunc", "", "", "Cut nothing short"),
    Flag("quiet", "q", "", "Print ids only"),
    Flag("size", "s", "", "Show what each container takes on the disk"),
)
COLUMNS = ("ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names")
RAW = """container_id: {{.ID}}
image: {{.Image}}
command: {{.Command}}
created_at: {{.CreatedAt}}
state: {{.State}}
status: {{.Status}}
names: {{.Names}}
labels: {{- pad .Labels 1 0}}
ports: {{- pad .Ports 1 0}}
"""


def run(cli: Cli, parsed: Parsed) -> int:
    """List, and print. DaemonError, CliError."""
    whole = parsed.on("no-trunc")
    given = parsed.text("format")
    text = given or cli.config.get("psFormat") or "table"
    quiet = parsed.on("quiet")
    if quiet and given:
        err("WARNING: Ignoring custom format, because both --format and --quiet are set.\n")
    size = parsed.on("size")
    custom = not quiet and text != "table"
    if custom:
        seen = _used(text)
        size = size or "Size" in seen
    rows = [ContainerRow(data, whole) for data in cli.client.call("GET", "/containers/json", query(parsed, size))]
    if quiet:
        out("".join([f"{row.get_ID()}\n" for row in rows]))
    elif custom:
        from boxship.cli.listing.formats import render

        if text == "raw":
            text = RAW + ("size: {{.Size}}\n" if size else "")
        out(render(text, rows, ContainerRow))
    else:
        columns = (*COLUMNS, "Size") if parsed.on("size") else COLUMNS
        headings = [ContainerRow.FIELDS[name] for name in columns]
        out(table([headings, *[[row.field(name) for name in columns] for row in rows]]))
    return 0


def query(parsed: Parsed, size: bool) -> list[tuple[str, str]]:
    """The request's query."""
    last = 1 if parsed.on("latest") and parsed.number("last", -1) == -1 else parsed.number("last", -1)
    pairs = [("all", "1")] if parsed.on("all") else []
    pairs += as_query(parsed.list("filter"))
    pairs += [("limit", str(last))] if last > 0 else []
    pairs += [("size", "1")] if size else []
    return pairs


def _used(text: str) -> set[str]:
    from boxship.cli.listing.formats import check

    seen: set[str] = set()
    empty = {"Id": "", "Created": 0}
    check(text, ContainerRow(empty, True), seen)
    return seen
