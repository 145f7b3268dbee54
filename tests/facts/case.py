"""What a fact is asked by: a case of a few steps that run the same on any engine.

In commands and paths `{p}` is a prefix of the run's own (for names of containers and images), `{base}` and
`{rich}` are the two test images, `{tmp}` a folder, `{t0}` the case's start and `{now}` the moment, both in seconds
with fraction; steps add their own by `save`.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Docker:
    """A call of the docker CLI. Only recorded steps become facts; the others must succeed."""

    args: tuple[str, ...]
    stdin: bytes | None = None
    recorded: bool = True
    must_succeed: bool = False
    save: str = ""
    unordered: bool = False
    streams_apart: bool = True
    only: str = ""


@dataclass(frozen=True)
class Http:
    """A request of the raw API. `upgrade` asks for a hijacked stream; `stdin` is then sent and half-closed."""

    method: str
    path: str
    body: Any = None
    recorded: bool = True
    save: str = ""
    upgrade: bool = False
    stdin: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    keep_headers: tuple[str, ...] = ("content-type",)
    keys: tuple[str, ...] = ()
    schema: bool = False


Step = Docker | Http


@dataclass(frozen=True)
class Differs:
    """A part of the answer in which we differ from Docker on purpose.

    where: a dotted path inside a step's result, `*` for any one key; reason: why, for docs/compat.md.
    """

    where: str
    reason: str


@dataclass(frozen=True)
class Case:
    """A fact's question. depends: features of the host that the answer depends on (tests/facts/features.py)."""

    name: str
    steps: tuple[Step, ...]
    depends: tuple[str, ...] = ()
    differs: tuple[Differs, ...] = ()


def d(command: str, stdin: bytes | None = None, **more: Any) -> Docker:
    """A recorded call of the docker CLI, given as a shell line (quotes only)."""
    return Docker(tuple(shlex.split(command)), stdin, **more)


def setup(command: str, stdin: bytes | None = None, *, save: str = "") -> Docker:
    """A call that prepares: it must succeed and is not recorded. save: keep its stdout's last word under a name."""
    return Docker(tuple(shlex.split(command)), stdin, recorded=False, must_succeed=True, save=save)


def quiet(command: str, stdin: bytes | None = None) -> Docker:
    """A call that prepares and may fail."""
    return Docker(tuple(shlex.split(command)), stdin, recorded=False)


def get(path: str, **more: Any) -> Http:
    """A recorded GET."""
    return Http("GET", path, **more)


def post(path: str, body: Any = None, **more: Any) -> Http:
    """A recorded POST."""
    return Http("POST", path, body, **more)


def delete(path: str, **more: Any) -> Http:
    """A recorded DELETE."""
    return Http("DELETE", path, **more)


def case(name: str, *steps: Step, depends: tuple[str, ...] = (), differs: tuple[Differs, ...] = ()) -> Case:
    """A case from its steps."""
    return Case(name, steps, depends, differs)
