"""`boxship events`."""

from boxship.cli.context import Cli, CliError
from boxship.cli.filters import as_query
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import out
from boxship.cli.timestamps import for_api, rfc3339_local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

USAGE = "[OPTIONS]"
ABOUT = "Print what happens in the engine, as it happens"
ARGS = (0, 0)
FLAGS = (
    Flag("filter", "f", "filter", "Show only what fits, name=value: container, event, image, label, type, …"),
    Flag("format", "", "string", "json, or a Go template"),
    Flag("since", "", "string", "Begin with what happened at this time, or that long ago"),
    Flag("until", "", "string", "End at this time"),
)
# What Docker's type calls the keys that JSON has in lower case.
_KEYS = {"Status": "status", "ID": "id", "From": "from", "Scope": "scope", "Time": "time", "TimeNano": "timeNano"}


def run(cli: Cli, parsed: Parsed) -> int:
    """Print each event until the stream ends. CliError, DaemonError."""
    render = _renderer(parsed.text("format"))
    query = as_query(parsed.list("filter"))
    for name in ("since", "until"):
        if parsed.text(name):
            try:
                query.append((name, for_api(parsed.text(name))))
            except ValueError as error:
                raise CliError(str(error)) from None
    for event in cli.client.events("GET", "/events", query):
        out(render(event))
    return 0


def _line(event: "dict[str, Any]") -> str:
    moment = event.get("timeNano") or event.get("time", 0) * 1_000_000_000
    actor = event.get("Actor") or {}
    attributes = actor.get("Attributes") or {}
    shown = ", ".join([f"{name}={attributes[name]}" for name in sorted(attributes)])
    tail = f" ({shown})" if shown else ""
    return f"{rfc3339_local(moment)} {event['Type']} {event['Action']} {actor.get('ID', '')}{tail}\n"


def _renderer(text: str) -> "Callable[[dict[str, Any]], str]":
    if not text:
        return _line
    if text == "json":
        from boxship.client.json import compact

        return lambda event: f"{compact(event)}\n"
    from boxship.cli.objects import lookup, read
    from boxship.cli.template.execute import FieldError, execute
    from boxship.cli.template.nodes import TemplateError

    template = read(text, "Error parsing format: ")

    def find(value: "Any", name: str, args: "Any") -> "Any":
        if isinstance(value, dict) and "Type" in value and "Action" in value:
            key = _KEYS.get(name, name)
            if name in ("Status", "ID", "From"):
                return value.get(key, "")
            if key not in value:
                raise FieldError(f"can't evaluate field {name} in type *events.Message")
            return lookup(value, key, args)
        return lookup(value, name, args)

    def render(event: "dict[str, Any]") -> str:
        try:
            return f"{execute(template, event, find)}\n"
        except TemplateError as error:
            raise CliError(str(error)) from None

    return render
