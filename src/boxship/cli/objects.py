"""Templates over the engine's JSON objects: inspect, info, version, events.

JSON does not say which objects are maps and which are structs, nor what an absent key stands for; Docker's types do.
What matters of them is here, by the fields' names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from boxship.cli.context import CliError
from boxship.cli.template.execute import FieldError, Lookup, execute
from boxship.cli.template.nodes import TemplateError
from boxship.cli.template.parse import Template, parse
from boxship.cli.template.printing import MAPS, NO_VALUE, Absent, GoMap, ImageConfig, NilList, NilMap

# Fields that are pointers: they print <nil> where the JSON has null.
UNREADABLE = 64
_POINTERS = frozenset(
    (
        "Health", "Healthcheck", "IPAMConfig", "Init", "MemorySwappiness", "OomKillDisable",
        "PidsLimit", "SizeRootFs", "SizeRw", "StopTimeout", "UsageData",
    )
)  # fmt: skip
_OMITTED_POINTERS = frozenset(("Health", "Healthcheck", "Init", "SizeRootFs", "SizeRw", "StopTimeout"))
# Fields that JSON leaves out where they are empty, and what they are then.
_OMITTED: dict[str, Callable[[], Any]] = {
    **dict.fromkeys(("Annotations", "ExposedPorts", "StorageOpt", "Sysctls", "Tmpfs"), GoMap),
    **dict.fromkeys(("Mounts", "Shell", "DeviceRequests"), list),
    **dict.fromkeys(("MacAddress", "StopSignal", "Runtime", "Name", "Driver", "Platform", "Variant", "OsVersion"), str),
    **dict.fromkeys(("ArgsEscaped", "NetworkDisabled", "ReadOnly"), bool),
}


def read(text: str, prefix: str = "template parsing error: ") -> Template:
    """A template from the command line. CliError."""
    try:
        return parse(text)
    except TemplateError as error:
        raise CliError(f"{prefix}{error}", UNREADABLE) from None


def renderer(text: str) -> Callable[[list[Any]], str]:
    """Renders objects, a line each. CliError when the template can't be read, or executed."""
    template = read(text)

    def render(found: list[Any]) -> str:
        lines: list[str] = []
        try:
            lines += [f"{execute(template, value, lookup)}\n" for value in found]
        except TemplateError as error:
            from boxship.cli.output import out

            out("".join(lines) or "\n")
            raise CliError(f"template parsing error: {error}") from None
        return "".join(lines) or "\n"

    return render


def lookup(value: Any, name: str, args: Sequence[Any]) -> Any:
    """The fields of the engine's objects."""
    if not isinstance(value, dict):
        if isinstance(value, Absent):
            raise FieldError(f'map has no entry for key "{value.name}"')
        if value is NO_VALUE or value is None:
            raise FieldError(f"nil pointer evaluating interface {{}}.{name}")
        raise FieldError(f"can't evaluate field {name} in type interface {{}}")
    if args:
        raise FieldError(f"{name} is not a method but has arguments")
    if name in value:
        if name == "Config" and "RootFS" in value and isinstance(value[name], dict):
            return ImageConfig(value[name])
        return _typed(name, value[name])
    if isinstance(value, GoMap):
        return NO_VALUE
    if name in _OMITTED_POINTERS and _plausible(value, name):
        return Absent(name)
    if name in _OMITTED and _plausible(value, name):
        return _OMITTED[name]()
    raise FieldError(f'map has no entry for key "{name}"')


def lookup_of(whole: dict[str, Any], type_name: str, aliases: dict[str, str]) -> Lookup:
    """The fields of a value whose Go type messages name. aliases: Go's names of fields that JSON calls otherwise."""

    def find(value: Any, name: str, args: Sequence[Any]) -> Any:
        if value is whole and name not in whole:
            raise FieldError(f"can't evaluate field {name} in type {type_name}")
        if isinstance(value, dict) and aliases.get(name) in value:
            name = aliases[name]
        return lookup(value, name, args)

    return find


def _plausible(value: dict[str, Any], name: str) -> bool:
    """Whether an absent field belongs to this object: a neighbour of it is there."""
    neighbours = {
        "Health": "Status", "Healthcheck": "Cmd", "StopTimeout": "Cmd", "Shell": "Cmd", "ExposedPorts": "Cmd",
        "StopSignal": "Cmd", "ArgsEscaped": "Cmd", "NetworkDisabled": "Cmd", "MacAddress": "Cmd",
        "SizeRw": "HostConfig", "SizeRootFs": "HostConfig", "Platform": "HostConfig",
        "Name": "Destination", "Driver": "Destination", "Variant": "RootFS", "OsVersion": "RootFS",
    }  # fmt: skip
    return neighbours.get(name, "Binds") in value


def _typed(name: str, value: Any) -> Any:
    if value is None:
        if name in _POINTERS:
            return None
        return NilMap() if name in MAPS else NilList()
    if name in MAPS and isinstance(value, dict):
        return GoMap(value)
    if name == "Config" and isinstance(value, dict) and "Image" not in value and "Cmd" not in value:
        return GoMap(value)  # of a LogConfig
    return value
