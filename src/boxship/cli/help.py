"""`--help`, and what to say to a command that there is not. Imported only then."""

from __future__ import annotations

from typing import Any

from boxship.cli import terminal
from boxship.cli.commands import GROUPS, HIDDEN, VERBS
from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag
from boxship.cli.output import err, out
from boxship.cli.suggest import likely

_COMMON = ("run", "exec", "ps", "images")
_WIDTH = 80


def overview(cli: Cli) -> int:
    """`boxship --help`."""
    from boxship.cli.main import GLOBAL
    from boxship.cli.plugins import descriptions

    verbs = {name: about for name, (_, about) in VERBS.items()}
    if cli.program == "boxship":
        verbs["daemon"] = "Run the engine, in the foreground"
        verbs["oci"] = "Be an OCI runtime, for podman, containerd and others"
    lines = [f"Usage:  {cli.program} [OPTIONS] COMMAND", "", "Run containers, by the commands you know", ""]
    lines += ["Common Commands:", *_names({name: verbs[name] for name in _COMMON}), ""]
    lines += ["Management Commands:", *_names({name: about for name, (about, _) in GROUPS.items()}), ""]
    if plugins := descriptions(cli):
        lines += ["Plugins:", *_names(plugins), ""]
    rest = {name: verbs[name] for name in sorted(verbs) if name not in _COMMON}
    lines += ["Commands:", *_names(rest), "", "Global Options:", *_flags(GLOBAL), ""]
    lines.append(f"Run '{cli.program} COMMAND --help' for more information on a command.")
    out("\n".join(lines) + "\n")
    return 0


def group(cli: Cli, name: str) -> int:
    """`boxship container --help`."""
    from boxship.cli.main import load

    about, subs = GROUPS[name]
    verbs = {sub: load(module).ABOUT for sub, module in subs.items() if sub not in HIDDEN}
    lines = [f"Usage:  {cli.program} {name} COMMAND", "", about, "", "Commands:", *_names(verbs), ""]
    lines.append(f"Run '{cli.program} {name} COMMAND --help' for more information on a command.")
    out("\n".join(lines) + "\n")
    return 0


def show(cli: Cli, command: Any, *, deprecated: bool = False) -> int:
    """`boxship ps --help`."""
    if deprecated:
        err("Flag shorthand -h has been deprecated, use --help\n")
    flags = any(not flag.hidden for flag in command.FLAGS)
    lines = [f"Usage:  {cli.usage(command.USAGE)}", "", command.ABOUT]
    names = _aliases(cli, command.__name__.rpartition(".")[2])
    if len(names) > 1:
        lines += ["", "Aliases:", f"  {', '.join(names)}"]
    if flags:
        lines += ["", "Options:", *_flags(command.FLAGS)]
    out("\n".join(lines) + "\n")
    return 0


def no_verb(cli: Cli, words: list[str]) -> int:
    """A command that there is not, or one that only groups others. CliError."""
    verb, rest = words[0], words[1:]
    if verb == "help":
        return _help(cli, rest)
    if verb in GROUPS:
        if not rest or rest[0] in ("--help", "-h"):
            return group(cli, verb)
        path = f"{cli.program} {verb}"
        known = [name for name in GROUPS[verb][1] if name not in HIDDEN]
        tail = f"Usage:  {path}\n\nRun '{path} --help' for more information"
        meant = likely(rest[0], known)
        raise CliError(f"{cli.program}: unknown command: {path} {rest[0]}{_did_you_mean(path, meant)}\n\n{tail}")
    meant = likely(verb, [*VERBS, *GROUPS])
    raise CliError(
        f"{cli.program}: unknown command: {cli.program} {verb}{_did_you_mean(cli.program, meant)}\n\n"
        f"Run '{cli.program} --help' for more information"
    )


def _did_you_mean(path: str, meant: str) -> str:
    return f"\n  did you mean {path} {meant}?" if meant else ""


def _help(cli: Cli, words: list[str]) -> int:
    from boxship.cli.main import load

    if not words:
        return overview(cli)
    if words[0] in VERBS:
        cli.command = words[0]
        return show(cli, load(VERBS[words[0]][0]))
    if words[0] in GROUPS:
        sub = GROUPS[words[0]][1].get(words[1]) if len(words) > 1 else None
        if sub is None:
            return group(cli, words[0])
        cli.command = " ".join(words[:2])
        return show(cli, load(sub))
    raise CliError(f"unknown help topic: {' '.join(words)}")


def _names(verbs: dict[str, str]) -> list[str]:
    width = max(10, max(map(len, verbs)))
    return [f"  {name.ljust(width)}  {about}" for name, about in verbs.items()]


def _aliases(cli: Cli, module: str) -> list[str]:
    names = [
        f"{cli.program} {name} {sub}"
        for name, (_, subs) in GROUPS.items()
        for sub, target in subs.items()
        if target == module
    ]
    return names + [f"{cli.program} {name}" for name, (target, _) in VERBS.items() if target == module]


def _flags(table: tuple[Flag, ...]) -> list[str]:
    """The flags' lines, the explanation broken to the terminal's width."""
    from textwrap import wrap

    heads: list[tuple[str, str]] = []
    for flag in table:
        if flag.hidden:
            continue
        short = f"-{flag.short}, " if flag.short else "    "
        kind = f" {flag.kind}" if flag.kind else ""
        note = f" (default {flag.note})" if flag.note else ""
        heads.append((f"  {short}--{flag.name}{kind}", flag.help + note))
    margin = max(len(head) for head, _ in heads) + 3
    width = max((terminal.size(1)[1] or _WIDTH) - margin, 24)
    lines: list[str] = []
    for head, text in heads:
        first, *rest = wrap(text, width)
        lines.append(f"{head.ljust(margin)}{first}")
        lines += [" " * margin + line for line in rest]
    return lines
