"""The list of what `boxship setup` has made, so that --remove takes away that and nothing else."""

import os

from boxship.lib.atomic import write_atomic
from boxship.lib.plainjson import decode, encode

FILE = "/etc/boxship/setup.json"


def read(path: str = FILE) -> list[tuple[str, str]]:
    """(kind, value) of each item, in the order in which they were made; [] when nothing was."""
    try:
        with open(path, "rb") as file:
            return [(kind, value) for kind, value in decode(file.read())]
    except (OSError, ValueError):
        return []


def write(made: list[tuple[str, str]], path: str = FILE) -> None:
    """Keep the list; without items, and when nothing else is in its folder, that goes, too. OSError."""
    if made:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_atomic(path, encode(made))
        return
    try:
        os.unlink(path)
        os.rmdir(os.path.dirname(path))
    except OSError:
        # Never there, or the folder has the daemon's configuration in it.
        pass
