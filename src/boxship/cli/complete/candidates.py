"""The words that fit where the person stands: commands, flags, values, the names of containers and images.

A verb's module says what its arguments are by `COMPLETES`: "containers", "running", "stopped", "paused", "images",
"networks", "objects" (both), "paths" (a container's name with a colon). Without it the shell offers files.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from boxship.cli.commands import GROUPS, HIDDEN, VERBS
from boxship.cli.context import Cli
from boxship.cli.flags import Flag
from boxship.cli.main import GLOBAL, load
from boxship.client.client import Client
from boxship.lib.errors import BoxshipError

# A word and what it is.
Candidate = tuple[str, str]

_STATES = {
    "running": ("running",),
    "stopped": ("created", "exited", "dead"),
    "paused": ("paused",),
    "containers": (),
    "paths": (),
    "objects": (),
}
_SIGNALS = ("HUP", "INT", "QUIT", "KILL", "TERM", "USR1", "USR2", "STOP", "CONT", "WINCH")
# By the flag's name: what its value can be.
_VALUES: dict[str, tuple[str, ...]] = {
    "attach": ("stdin", "stdout", "stderr"),
    "cgroupns": ("host", "private"),
    "format": ("json", "table"),
    "ipc": ("private", "shareable", "host", "none", "container:"),
    "log-driver": ("local", "json-file", "none"),
    "network": ("bridge", "host", "none", "container:"),
    "pid": ("host", "container:"),
    "progress": ("auto", "plain", "tty"),
    "pull": ("always", "missing", "never"),
    "restart": ("no", "on-failure", "always", "unless-stopped"),
    "security-opt": ("apparmor=", "label=", "no-new-privileges", "seccomp=", "systempaths=unconfined"),
    "signal": _SIGNALS,
    "stop-signal": _SIGNALS,
    "type": ("container", "image"),
    "userns": ("host",),
    "uts": ("host",),
}
_FILTERS = {
    "container_prune": ("label=", "label!=", "until="),
    "ps": (
        "ancestor=",
        "before=",
        "exited=",
        "health=",
        "id=",
        "label=",
        "name=",
        "network=",
        "since=",
        "status=",
        "volume=",
    ),
    "images": ("before=", "dangling=", "label=", "reference=", "since="),
    "events": ("container=", "event=", "image=", "label=", "type="),
}


def candidates(cli: Cli, words: list[str]) -> list[Candidate]:
    """What can stand in place of the last of `words` (the one that is being written). Nothing where files can."""
    *before, current = words or [""]
    table: tuple[Flag, ...] = GLOBAL
    before, pending = _skip(before, table)
    if pending is not None:
        return _fitting(_values(pending, "global"), current)
    if not before:
        return _fitting(_flags(table) if current.startswith("-") else _verbs(cli), current)
    verb, *rest = before
    if verb in VERBS:
        return _of_verb(cli, VERBS[verb][0], rest, current)
    if verb in GROUPS:
        subs = GROUPS[verb][1]
        if not rest:
            return _fitting(((sub, load(module).ABOUT) for sub, module in subs.items() if sub not in HIDDEN), current)
        if rest[0] in subs:
            return _of_verb(cli, subs[rest[0]], rest[1:], current)
    return []


def _of_verb(cli: Cli, module: str, words: list[str], current: str) -> list[Candidate]:
    command = load(module)
    arguments, pending = _skip(words, command.FLAGS, interspersed=getattr(command, "INTERSPERSED", True))
    if pending is not None:
        return _fitting(_values(pending, module), current)
    name, equals, value = current.partition("=")
    if equals and name.startswith("--"):
        flag = next((flag for flag in command.FLAGS if flag.name == name[2:]), None)
        found = _fitting(_values(flag, module), value) if flag else []
        return [(f"{name}={word}", about) for word, about in found]
    if not getattr(command, "INTERSPERSED", True) and arguments:
        # What follows belongs to the container's command.
        return []
    if current.startswith("-"):
        return _fitting(_flags(command.FLAGS), current)
    if 0 <= command.ARGS[1] <= len(arguments):
        return []
    kind = getattr(command, "COMPLETES", "")
    return _fitting(_named(cli, kind, taken=arguments), current) if kind else []


def _skip(words: list[str], table: tuple[Flag, ...], *, interspersed: bool = False) -> tuple[list[str], Flag | None]:
    """The words without flags, and the flag whose value comes next."""
    left: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if not word.startswith("-") or word == "-":
            left.append(word)
            if not interspersed:
                return left + words[at:], None
            continue
        if word == "--":
            return left + words[at:], None
        flag = _flag_of(word, table)
        if flag is not None and flag.kind and not ("=" in word or (word[1] != "-" and word[-1] != flag.short)):
            if at == len(words):
                return left, flag
            at += 1
    return left, None


def _flag_of(word: str, table: tuple[Flag, ...]) -> Flag | None:
    if word.startswith("--"):
        return next((flag for flag in table if flag.name == word[2:].partition("=")[0]), None)
    for letter in word[1:]:
        flag = next((flag for flag in table if flag.short == letter), None)
        if flag is None or flag.kind:
            return flag
    return None


def _verbs(cli: Cli) -> Iterable[Candidate]:
    yield from ((name, about) for name, (_, about) in VERBS.items())
    yield from ((name, about) for name, (about, _) in GROUPS.items())
    if cli.program == "boxship":
        yield "daemon", "Run the engine, in the foreground"


def _flags(table: tuple[Flag, ...]) -> Iterable[Candidate]:
    yield from ((f"--{flag.name}", flag.help) for flag in table if not flag.hidden)
    yield "--help", "Show how the command is used"


def _values(flag: Flag, module: str) -> Iterable[Candidate]:
    if flag.name == "filter":
        return [(word, "") for word in _FILTERS.get(module, ())]
    return [(word, "") for word in _VALUES.get(flag.name, ())]


def _named(cli: Cli, kind: str, *, taken: list[str]) -> Iterable[Candidate]:
    """Names from the engine; none where it does not answer. It is not started for this."""
    try:
        client = Client(cli.host, os.environ.get("DOCKER_API_VERSION", ""), [])
        if kind in _STATES:
            for container in client.call("GET", "/containers/json", [("all", "1")]):
                name = container["Names"][0].removeprefix("/")
                if name not in taken and (not _STATES[kind] or container["State"] in _STATES[kind]):
                    yield name + (":" if kind == "paths" else ""), container["Status"]
        if kind == "networks":
            for network in client.call("GET", "/networks"):
                if network["Name"] not in taken:
                    yield network["Name"], network["Driver"]
        if kind in ("images", "objects"):
            for image in client.call("GET", "/images/json"):
                yield from (
                    (tag, "") for tag in image.get("RepoTags") or () if tag not in taken and tag != "<none>:<none>"
                )
    except BoxshipError:
        return


def _fitting(found: Iterable[Candidate], current: str) -> list[Candidate]:
    return sorted({word: about for word, about in found if word.startswith(current)}.items())


def run(cli: Cli, words: list[str]) -> str:
    """The answer to a shell: a candidate a line, behind a tab what it is."""
    lines: list[Any] = [f"{word}\t{about}" if about else word for word, about in candidates(cli, words)]
    return "".join(f"{line}\n" for line in lines)
