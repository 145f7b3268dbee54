"""Platforms as os[/arch[/variant]]. Pure."""

from boxship.cli.context import CliError
from boxship.cli.values import quote
from boxship.client.json import encode

_MACHINES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "armel": "arm", "i386": "386"}


def as_json(text: str) -> str:
    """The platform as the API's JSON. CliError."""
    parts = text.lower().split("/")
    if len(parts) > 3 or not all(parts):
        raise CliError(f"invalid platform: {quote(text)}: cannot parse platform specifier: invalid argument")
    platform = {"architecture": "", "os": parts[0]}
    if len(parts) > 1:
        platform["architecture"] = _MACHINES.get(parts[1], parts[1])
    if len(parts) > 2:
        platform["variant"] = parts[2]
    return encode(platform)
