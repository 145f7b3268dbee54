"""`boxship system prune`: remove all that nobody uses, kind after kind."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import out
from boxship.cli.pruning import FORCE, Filters, Pruned, agreed, cache, containers, filters, images, networks, volumes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

USAGE = "[OPTIONS]"
ABOUT = "Remove unused data"
ARGS = (0, 0)
FLAGS = (
    Flag("all", "a", "", "Remove all images without a container, not only those without a name"),
    Flag("filter", "", "filter", "Remove only what fits, name=value: until, label, label!"),
    FORCE,
    Flag("volumes", "", "", "Remove unused volumes without a name, too"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Ask, remove, and tell what came back. DaemonError, CliError."""
    from boxship.cli.units import human_size

    everything, with_volumes = parsed.on("all"), parsed.on("volumes")
    chosen = filters(cli, parsed)
    if with_volumes and any(name == "until" for name, _ in chosen):
        raise CliError('ERROR: The "until" filter is not supported with "--volumes"')
    if not agreed(parsed, _warning(chosen, everything=everything, with_volumes=with_volumes)):
        return 0
    work: list[Callable[[], Pruned]] = [lambda: containers(cli, chosen), lambda: networks(cli, chosen)]
    if with_volumes:
        work.append(lambda: volumes(cli, chosen, named=False))
    work += [lambda: images(cli, chosen, tagged=everything), lambda: cache(cli, chosen, everything=everything)]
    total = 0
    for prune in work:
        size, text = prune()
        total += size
        out(f"{text}\n" if text else "")
    out(f"Total reclaimed space: {human_size(total)}\n")
    return 0


def _warning(chosen: Filters, *, everything: bool, with_volumes: bool) -> str:
    lines = ["WARNING! This will remove:", "  - all stopped containers"]
    lines.append("  - all networks not used by at least one container")
    if with_volumes:
        lines.append("  - all anonymous volumes not used by at least one container")
    if everything:
        lines += ["  - all images without at least one container associated to them", "  - all build cache"]
    else:
        lines += ["  - all dangling images", "  - unused build cache"]
    lines.append("")
    if chosen:
        lines.append("  Items to be pruned will be filtered with:")
        lines += [f"  - {name}={value}" for name, value in sorted(chosen)]
        lines.append("")
    return "\n".join(lines)
