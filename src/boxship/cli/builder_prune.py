"""`boxship builder prune`: remove build cache."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.pruning import FORCE, agreed, cache, tell

USAGE = "[OPTIONS]"
ABOUT = "Remove build cache"
ARGS = (0, 0)
FLAGS = (
    Flag("all", "a", "", "Remove all unused build cache, not only what no image needs"),
    Flag("filter", "", "filter", "Remove only what fits, name=value: until, id, type, …"),
    FORCE,
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Ask, remove, and tell what came back. DaemonError."""
    everything = parsed.on("all")
    if agreed(parsed, f"WARNING! This will remove all {'' if everything else 'dangling '}build cache."):
        tell(cache(cli, list(parsed.list("filter")), everything=everything))
    return 0
