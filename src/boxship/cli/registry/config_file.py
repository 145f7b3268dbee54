"""docker's config.json: changed without losing what others keep there."""

import os

from boxship.cli.context import Cli, CliError
from boxship.client.host import config_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def path() -> str:
    """Where the file lies."""
    return f"{config_folder()}/config.json"


def change(cli: Cli, key: str, value: "Any") -> None:
    """Set one top-level key and write the file: whole or not at all, laid out as Docker does.

    A new file is the person's alone (0600), an old one keeps its mode; a link is followed. CliError.
    """
    from boxship.client.json import indent
    from boxship.lib.atomic import write_atomic

    config = _read()
    config[key] = value
    # Docker writes this one first.
    ordered = {"auths": config.pop("auths", {}), **config}
    place = os.path.realpath(path())
    try:
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        mode = os.stat(place).st_mode & 0o777 if os.path.exists(place) else 0o600
        write_atomic(place, indent(ordered, "\t").encode(), mode=mode)
    except OSError as error:
        raise CliError(f"Error saving credentials: {place}: {error.strerror}") from None
    cli.config.clear()
    cli.config.update(ordered)


def _read() -> "dict[str, Any]":
    """The file as it is now. CliError when it can't be read: writing would lose it."""
    from boxship.lib.plainjson import decode

    try:
        fd = os.open(path(), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CliError(f"cannot read {path()}: {error.strerror}") from None
    with open(fd, "rb") as file:
        data = file.read()
    try:
        value = decode(data) if data.strip() else {}
    except ValueError as error:
        raise CliError(f"{path()}: {error}; it is left as it is") from None
    if not isinstance(value, dict):
        raise CliError(f"{path()}: not a JSON object; it is left as it is")
    return value
