"""`boxship image diff`: what is not the same in two images."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.image_layers import ask
from boxship.cli.output import out

USAGE = "[OPTIONS] IMAGE OTHER"
ABOUT = "Show how another image differs: its files, their sizes, its settings"
ARGS = (2, 2)
COMPLETES = "images"
FLAGS = (
    Flag("exit-code", "", "", "Exit with 100 when the images differ"),
    Flag("format", "", "string", "table or json"),
    Flag("summary", "", "", "Only count the files"),
)
DIFFERENT = 100


def run(cli: Cli, parsed: Parsed) -> int:
    """Ask, and print. DaemonError, CliError."""
    text = parsed.text("format")
    if text not in ("", "table", "json"):
        raise CliError(f'unknown format "{text}": table or json')
    one, other = parsed.args
    answer = ask(cli, one, "diff", [("to", other)])
    if text == "json":
        from boxship.client.json import indent

        out(indent(answer, "    ") + "\n")
    else:
        from boxship.cli.listing.image_diff import diff_text

        out(diff_text(one, other, answer, only_count=parsed.on("summary")))
    different = bool(answer["Files"] or answer["Config"])
    return DIFFERENT if different and parsed.on("exit-code") else 0
