"""Which OCI runtimes there are, and what is run for a name."""

import shutil
from collections.abc import Iterable

from boxship.lib.errors import InvalidParameter

BUILT_IN = "boxship"
"""The name of the built-in runtime, where Docker has "runc"."""

# Docker knows runc also by the name of containerd's shim for it, which clients take over from `docker inspect`.
_ON_PATH = {"crun": "crun", "runc": "runc", "io.containerd.runc.v2": "runc"}

Runtimes = Iterable[tuple[str, tuple[str, ...]]]


def runtime_command(name: str, configured: Runtimes) -> tuple[str, ...]:
    """The command line of the runtime called `name`: its path and the options that every call gets; () for the
    built-in one.

    configured: names and command lines of the daemon's configuration, which come before those on PATH.
    InvalidParameter for a name that is not there.
    """
    if name in ("", BUILT_IN):
        return ()
    command = dict(configured).get(name)
    if command is not None:
        # Where it is missing, the start says so.
        return shutil.which(command[0]) or command[0], *command[1:]
    path = shutil.which(_ON_PATH[name]) if name in _ON_PATH else None
    if path is None:
        raise InvalidParameter(f"unknown or invalid runtime name: {name}")
    return (path,)


def all_runtimes(configured: Runtimes) -> dict[str, tuple[str, ...]]:
    """Every name that `runtime_command` knows now, with its command line as it was configured."""
    found: dict[str, tuple[str, ...]] = {BUILT_IN: (BUILT_IN,)}
    found |= {name: (program,) for name, program in _ON_PATH.items() if shutil.which(program)}
    return found | dict(configured)
