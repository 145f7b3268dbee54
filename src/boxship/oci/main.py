"""`boxship oci`: global flags, the verb, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import os

from boxship import __version__
from boxship.cli.flags import HELP, Flag, FlagError, parse
from boxship.lib.errors import BoxshipError
from boxship.oci.container import OCI_VERSION
from boxship.oci.context import Context, default_root
from boxship.oci.log import Log
from boxship.oci.sealed import run_sealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# verb -> what help says. Each is a module of boxship.oci.verbs with USAGE, FLAGS, ARGS and run(context, parsed).
VERBS = {
    "create": "Make a container from a bundle; its program waits for start",
    "delete": "Remove a container that has stopped",
    "events": "Print a container's statistics",
    "exec": "Run one more program inside a container",
    "features": "Print what this runtime can do, as JSON",
    "kill": "Send a signal to a container, TERM unless another is named",
    "list": "List containers",
    "pause": "Halt all processes of a container",
    "ps": "List the processes of a container",
    "resume": "Let a paused container go on",
    "run": "Make a container, start it, and wait for its end",
    "spec": "Write a config.json to begin with",
    "start": "Start the program of a container that create made",
    "state": "Print a container's state",
    "update": "Change a container's limits",
}
# What leaves processes of the host's interpreter where a container could get hold of it.
_SEALED = ("create", "run", "exec")
GLOBAL = (
    Flag("cgroup-manager", "", "string", "cgroupfs or systemd, as --systemd-cgroup"),
    Flag("debug", "", "", "Write debug messages to the log"),
    Flag("log", "", "string", "File that messages are appended to", note="standard error"),
    Flag("log-format", "", "string", "text or json", note="text"),
    Flag("root", "", "string", "Folder of the containers' states", note=default_root()),
    Flag("rootless", "", "string", "Accepted for runc's sake", hidden=True),
    Flag("systemd-cgroup", "", "", "cgroupsPath is slice:prefix:name, and systemd makes the control group"),
    Flag("version", "v", "", "Print the version and quit"),
)
_USAGE_CODE = 1


def main(argv: list[str]) -> int:
    """Run one command; its exit code."""
    try:
        options = parse(argv, GLOBAL, interspersed=False)
    except FlagError as error:
        return _usage(str(error))
    if options.on("version"):
        _print(f"boxship oci version {__version__}\nspec: {OCI_VERSION}\n")
        return 0
    if HELP in options.given or not options.args:
        _print(_overview())
        return 0
    try:
        log = Log(options.text("log"), options.text("log-format", "text"), debug=options.on("debug"))
    except OSError as error:
        return _usage(f"open the log {options.text('log')}: {error.strerror}")
    verb, *words = options.args
    if verb not in VERBS:
        log.error(f"unknown command {verb!r}; see boxship oci --help")
        return _USAGE_CODE
    systemd = options.on("systemd-cgroup") or options.text("cgroup-manager") == "systemd"
    context = Context(os.path.abspath(options.text("root") or default_root()), log, systemd=systemd)
    return _run(context, verb, words)


def _run(context: Context, verb: str, words: list[str]) -> int:
    name = f"{verb}_" if verb in ("list", "exec") else verb
    module: Any = __import__(f"boxship.oci.verbs.{name}", fromlist=("run",))
    try:
        parsed = parse(words, module.FLAGS, interspersed=getattr(module, "INTERSPERSED", True))
        if HELP in parsed.given:
            _print(_help(verb, module))
            return 0
        least, most = module.ARGS
        if not least <= len(parsed.args) <= (most if most >= 0 else len(parsed.args)):
            raise FlagError(f"usage: boxship oci {verb} {module.USAGE}")
        if verb in _SEALED:
            run_sealed()
        code: int = module.run(context, parsed)
        return code
    except FlagError as error:
        context.log.error(f"{verb}: {error}")
        return _USAGE_CODE
    except BoxshipError as error:
        context.log.error(f"{verb} failed: {error.message}")
    except OSError as error:
        where = f" at {error.filename}" if error.filename else ""
        context.log.error(f"{verb} failed{where}: {error.strerror or error}")
    return getattr(module, "FAILED", 1)


def _usage(message: str) -> int:
    os.write(2, f"{message}\n".encode("utf-8", "replace"))
    return _USAGE_CODE


def _print(text: str) -> None:
    os.write(1, text.encode("utf-8", "replace"))


def _overview() -> str:
    lines = [
        "Usage:  boxship oci [OPTIONS] COMMAND",
        "",
        "An OCI runtime: containers from bundles, without a daemon",
        "",
    ]
    lines += ["Commands:", *(f"  {name:10}{about}" for name, about in VERBS.items()), "", "Options:", *_flags(GLOBAL)]
    return "\n".join(lines) + "\n"


def _help(verb: str, module: Any) -> str:
    lines = [f"Usage:  boxship oci {verb} {module.USAGE}", "", VERBS[verb]]
    if module.FLAGS:
        lines += ["", "Options:", *_flags(module.FLAGS)]
    return "\n".join(lines) + "\n"


def _flags(table: tuple[Flag, ...]) -> list[str]:
    lines = []
    for flag in table:
        if flag.hidden:
            continue
        short = f"-{flag.short}, " if flag.short else "    "
        name = f"--{flag.name} {flag.kind}".rstrip()
        note = f" (default {flag.note})" if flag.note else ""
        lines.append(f"  {short}{name:24}{flag.help}{note}")
    return lines
