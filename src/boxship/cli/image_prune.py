"""`boxship image prune`: remove images that nobody uses."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.pruning import FORCE, agreed, filters, images, tell

USAGE = "[OPTIONS]"
ABOUT = "Remove unused images"
ARGS = (0, 0)
FLAGS = (
    Flag("all", "a", "", "Remove all images without a container, not only those without a name"),
    Flag("filter", "", "filter", "Remove only what fits, name=value: until, label, label!"),
    FORCE,
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Ask, remove, and tell what came back. DaemonError."""
    tagged = parsed.on("all")
    which = "all images without at least one container associated to them" if tagged else "all dangling images"
    if agreed(parsed, f"WARNING! This will remove {which}."):
        tell(images(cli, filters(cli, parsed), tagged=tagged))
    return 0
