"""What the prune commands share: the question, the filters, and what was removed in words."""

import sys

from boxship.cli.context import Cli
from boxship.cli.filters import as_query
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FORCE = Flag("force", "f", "", "Don't ask")
Filters = list[tuple[str, str]]
Pruned = tuple[int, str]
"""The bytes that came back, and what was removed, a line each."""


def agreed(parsed: Parsed, warning: str) -> bool:
    """Whether to go on: --force was given, or somebody says so."""
    if parsed.on("force"):
        return True
    out(f"{warning}\nAre you sure you want to continue? [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def filters(cli: Cli, parsed: Parsed) -> Filters:
    """Those that were given, and those that config.json sets for every prune."""
    given: Filters = list(parsed.list("filter"))
    for text in cli.config.get("pruneFilters") or []:
        name, equals, value = str(text).partition("=")
        opposite = name.removesuffix("!") if name.endswith("!") else f"{name}!"
        # What is given on the command line wins over its opposite in the file.
        if equals and (opposite, value) not in given:
            given.append((name, value))
    return given


def containers(cli: Cli, chosen: Filters) -> Pruned:
    """Remove stopped containers. DaemonError."""
    answer = cli.client.call("POST", "/containers/prune", as_query(chosen))
    return answer["SpaceReclaimed"], _lines("Deleted Containers:", answer["ContainersDeleted"] or [])


def networks(cli: Cli, chosen: Filters) -> Pruned:
    """Remove networks that nobody uses. DaemonError."""
    answer = cli.client.call("POST", "/networks/prune", as_query(chosen))
    return 0, _lines("Deleted Networks:", answer["NetworksDeleted"] or [])


def volumes(cli: Cli, chosen: Filters, *, named: bool) -> Pruned:
    """Remove volumes that nobody uses; named: also those that have been given a name. DaemonError."""
    answer = cli.client.call("POST", "/volumes/prune", as_query([*chosen, *([("all", "true")] if named else [])]))
    return answer["SpaceReclaimed"], _lines("Deleted Volumes:", answer["VolumesDeleted"] or [])


def images(cli: Cli, chosen: Filters, *, tagged: bool) -> Pruned:
    """Remove images that nobody uses; tagged: also those that have a name. DaemonError."""
    query = as_query([*chosen, ("dangling", "false" if tagged else "true")])
    answer = cli.client.call("POST", "/images/prune", query)
    gone = [
        f"untagged: {item['Untagged']}" if item.get("Untagged") else f"deleted: {item['Deleted']}"
        for item in answer["ImagesDeleted"] or []
    ]
    return answer["SpaceReclaimed"], _lines("Deleted Images:", gone)


def cache(cli: Cli, chosen: Filters, *, everything: bool) -> Pruned:
    """Remove build cache; everything: also what may still be of use. DaemonError."""
    query = ([("all", "1")] if everything else []) + as_query(chosen)
    answer = cli.client.call("POST", "/build/prune", query)
    return answer["SpaceReclaimed"], _lines("Deleted build cache objects:", answer["CachesDeleted"] or [])


def tell(pruned: Pruned) -> None:
    """Print what came of one kind."""
    from boxship.cli.units import human_size

    size, text = pruned
    out((f"{text}\n" if text else "") + f"Total reclaimed space: {human_size(size)}\n")


def _lines(heading: str, names: "Sequence[str]") -> str:
    return "".join([f"{line}\n" for line in (heading, *names)]) if names else ""
