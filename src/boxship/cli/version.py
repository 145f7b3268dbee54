"""`boxship version`: both sides' versions."""

import os
import sys

from boxship import __version__
from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import align, out
from boxship.client.client import API_VERSION
from boxship.lib.errors import BoxshipError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE = "[OPTIONS]"
ABOUT = "Show the versions of client and engine"
ARGS = (0, 0)
FLAGS = (Flag("format", "f", "string", "json, or a Go template"),)
_ORDER = (
    "Platform", "Components", "Version", "ApiVersion", "MinAPIVersion", "GitCommit", "GoVersion", "Os", "Arch",
    "KernelVersion", "Experimental", "BuildTime",
)  # fmt: skip
_OMITTED = ("KernelVersion", "Experimental", "BuildTime")
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}


def short(cli: Cli) -> int:
    """`boxship --version`."""
    out(f"Boxship version {__version__}, build {_commit() or 'unknown'}\n")
    return 0


def run(cli: Cli, parsed: Parsed) -> int:
    """Print the versions; the client's own where no engine answers, too. CliError."""
    server: dict[str, Any] | None = None
    failure: BoxshipError | None = None
    try:
        server = cli.client.call("GET", "/version")
    except BoxshipError as error:
        failure = error
    client = _client(cli)
    text = parsed.text("format")
    if text:
        out(_formatted(text, client, server))
    else:
        out(align(_client_text(client), minimum=20, padding=1))
        if server is not None:
            out("\n" + align(_server_text(server), minimum=20, padding=1))
    if failure is not None:
        from boxship.cli.main import describe

        raise CliError(describe(failure))
    return 0


def _commit() -> str:
    return ""


def _client(cli: Cli) -> "dict[str, Any]":
    machine = os.uname().machine
    return {
        "Version": __version__,
        "ApiVersion": cli.client.version if cli.reached else API_VERSION,
        "DefaultAPIVersion": API_VERSION,
        "GitCommit": _commit(),
        "GoVersion": f"python{sys.version.split()[0]}",
        "Os": "linux",
        "Arch": _MACHINES.get(machine, machine),
        "BuildTime": "",
        "Context": cli.context_name,
    }


def _client_text(client: "dict[str, Any]") -> str:
    lines = [
        "Client: Boxship",
        f" Version:\t{client['Version']}",
        f" API version:\t{client['ApiVersion']}",
        f" Python version:\t{client['GoVersion'].removeprefix('python')}",
        f" OS/Arch:\t{client['Os']}/{client['Arch']}",
        f" Context:\t{client['Context']}",
    ]
    return "".join([f"{line}\n" for line in lines])


def _server_text(server: "dict[str, Any]") -> str:
    name = (server.get("Platform") or {}).get("Name", "")
    lines = [f"Server: {name}".rstrip()]
    for component in server.get("Components") or []:
        details = component.get("Details") or {}
        lines.append(f" {component['Name']}:")
        lines.append(f"  Version:\t{component['Version']}")
        if component["Name"] == "Engine":
            lines.append(
                f"  API version:\t{details.get('ApiVersion', '')} (minimum version {details.get('MinAPIVersion', '')})"
            )
            runtime = details.get("GoVersion", "")
            python = runtime.startswith("python")
            lines.append(f"  {'Python' if python else 'Go'} version:\t{runtime.removeprefix('python')}")
            lines.append(f"  Git commit:\t{details.get('GitCommit', '')}")
            lines.append(f"  Built:\t{_built(details.get('BuildTime', ''))}")
            lines.append(f"  OS/Arch:\t{details.get('Os', '')}/{details.get('Arch', '')}")
            lines.append(f"  Experimental:\t{details.get('Experimental', '')}")
        else:
            lines += [f"  {key}:\t{details[key]}" for key in sorted(details)]
    return "".join([f"{line}\n" for line in lines])


def _ordered(server: "dict[str, Any] | None") -> "dict[str, Any] | None":
    """The engine's part in the order of Docker's types, whatever the engine's own."""
    if server is None:
        return None
    ordered = {key: server[key] for key in _ORDER if key in server and (server[key] or key not in _OMITTED)}
    ordered["Components"] = [
        {**component, "Details": dict(sorted((component.get("Details") or {}).items()))}
        for component in server.get("Components") or []
    ]
    return ordered


def _built(text: str) -> str:
    """A build's time as Docker shows it: Tue Sep 15 11:02:57 2026."""
    from boxship.cli.timestamps import parse_date

    moment = parse_date(text)
    if moment is None:
        return text
    import time

    return time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(moment[0]))


def _formatted(text: str, client: "dict[str, Any]", server: "dict[str, Any] | None") -> str:
    value = {"Client": client, "Server": _ordered(server)}
    if text == "json":
        from boxship.client.json import compact

        return compact(value) + "\n"
    from boxship.cli.objects import lookup_of, read
    from boxship.cli.template.execute import execute
    from boxship.cli.template.nodes import TemplateError

    try:
        find = lookup_of(value, "system.versionInfo", {"APIVersion": "ApiVersion"})
        return execute(read(text), value, find) + "\n"
    except TemplateError as error:
        out("\n")
        message = str(error).replace("template: :", "template: version:", 1)
        raise CliError(message.replace('executing ""', 'executing "version"', 1)) from None
