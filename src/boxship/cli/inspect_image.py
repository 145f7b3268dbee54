"""`boxship image inspect`."""

from boxship.cli import image_layers
from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed
from boxship.cli.inspect import FORMAT, PATHS, show
from boxship.client.text import quote

USAGE = "[OPTIONS] IMAGE [IMAGE...]"
ABOUT = "Show everything that is known about images"
ARGS = (1, -1)
COMPLETES = "images"
FLAGS = (
    FORMAT,
    Flag("platform", "", "string", "Look only at this platform, os[/arch[/variant]]"),
    *image_layers.FLAGS,
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Inspect images. CliError."""
    if image_layers.asked(parsed):
        return image_layers.show(cli, parsed)
    query: list[tuple[str, str]] = []
    if parsed.text("platform"):
        from boxship.cli.platforms import as_json

        query = [("platform", as_json(parsed.text("platform")))]
    return show(parsed, lambda name: cli.client.call("GET", PATHS["image"].format(quote(name, b"/:@")), query))
