"""`boxship inspect`: everything that is known about objects, whatever their kind."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import err, out
from boxship.client.errors import DaemonError
from boxship.client.text import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

USAGE = "[OPTIONS] NAME|ID [NAME|ID...]"
ABOUT = "Show everything that is known about containers or images"
ARGS = (1, -1)
COMPLETES = "objects"
FORMAT = Flag("format", "f", "string", "json, or a Go template")
SIZE = Flag("size", "s", "", "Show what a container takes on the disk")
FLAGS = (FORMAT, SIZE, Flag("type", "", "string", "Look only at this kind: container, image, …"))

# In the order in which an object without a kind is looked for.
PATHS = {
    "container": "/containers/{}/json",
    "image": "/images/{}/json",
    "network": "/networks/{}",
    "volume": "/volumes/{}",
    "service": "/services/{}",
    "task": "/tasks/{}",
    "node": "/nodes/{}",
    "plugin": "/plugins/{}/json",
    "secret": "/secrets/{}",
    "config": "/configs/{}",
}
_EMPTY = "invalid container name or ID: value is empty"
LOOKED_FOR = ("container", "image", "network", "volume", "plugin")


def run(cli: Cli, parsed: Parsed) -> int:
    """Inspect, and print as JSON or in the format. CliError."""
    kind = parsed.text("type")
    if kind and kind not in PATHS:
        known = ", ".join(f'"{name}"' for name in sorted(PATHS))
        raise CliError(f'unknown type: "{kind}": must be one of {known}')
    size = parsed.on("size")

    def get(name: str) -> "Any":
        if kind:
            return of_kind(cli, kind, name, size)
        for candidate in LOOKED_FOR:
            try:
                return of_kind(cli, candidate, name, size)
            except DaemonError as error:
                if error.status not in (404, 501):
                    raise
        raise CliError(f"Error: No such object: {name}")

    return show(parsed, get)


def of_kind(cli: Cli, kind: str, name: str, size: bool = False) -> "Any":
    """One object. CliError for an empty name, DaemonError."""
    if not name:
        raise CliError(f"Error: No such {kind}: " if kind != "container" else _EMPTY)
    query = [("size", "1")] if size and kind == "container" else []
    return cli.client.call("GET", PATHS[kind].format(quote(name.removeprefix("/"), b"/:@")), query)


def show(parsed: Parsed, get: "Callable[[str], Any]") -> int:
    """Get every object that was named and print them; failures come last. CliError."""
    render = _renderer(parsed.text("format"))
    found: list[Any] = []
    failures: list[str] = []
    for name in parsed.args:
        try:
            found.append(get(name))
        except CliError as error:
            failures.append(error.message)
        except DaemonError as error:
            failures.append(f"Error response from daemon: {error.message}")
    try:
        out(render(found))
    except CliError as error:
        failures.append(error.message)
    if failures:
        err("".join([f"{failure}\n" for failure in failures]))
        return 1
    return 0


def _renderer(text: str) -> "Callable[[list[Any]], str]":
    if not text:
        from boxship.client.json import indent

        return lambda found: indent(found, "    ") + "\n"
    if text == "json":
        from boxship.client.json import compact

        return lambda found: compact(found) + "\n"
    from boxship.cli.objects import renderer

    return renderer(text)
