"""`boxship run`: make a container and start it, with its streams on ours unless it is detached."""

import os

from boxship.cli.context import Cli, CliError
from boxship.cli.create import create, prepare
from boxship.cli.flags import Parsed
from boxship.cli.options.table import RUN_ONLY, SHARED
from boxship.cli.output import out
from boxship.client.errors import DaemonError, Unreachable
from boxship.lib.errors import BoxshipError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE = "[OPTIONS] IMAGE [COMMAND] [ARG...]"
ABOUT = "Make a container from an image and start it"
ARGS = (1, -1)
COMPLETES = "images"
INTERSPERSED = False
FLAGS = (*SHARED, *RUN_ONLY)

FAILED, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127


def run(cli: Cli, parsed: Parsed) -> int:
    """Create, attach, start, wait; the container's exit code. CliError."""
    body = prepare(cli, parsed)
    if parsed.on("detach"):
        if parsed.list("attach"):
            raise CliError("conflicting options: cannot specify both --attach and --detach")
        body |= {"AttachStdin": False, "AttachStdout": False, "AttachStderr": False, "StdinOnce": False}
    else:
        from boxship.cli.session import check_terminal

        check_terminal(body["AttachStdin"], body["Tty"])
    try:
        identifier = create(cli, parsed, body)
    except (DaemonError, Unreachable, CliError) as error:
        raise cli.refused(_words(error)) from None
    if not (body["AttachStdin"] or body["AttachStdout"] or body["AttachStderr"]):
        return _background(cli, parsed, identifier)
    return _foreground(cli, parsed, identifier, body)


def _background(cli: Cli, parsed: Parsed, identifier: str) -> int:
    _start(cli, identifier)
    out(f"{identifier}\n")
    return 0


def _foreground(cli: Cli, parsed: Parsed, identifier: str, body: "dict[str, Any]") -> int:
    from boxship.cli.session import converse, detach_keys, exit_code, follow_size, proxy_signals

    tty = body["Tty"]
    text, keys = detach_keys(cli, parsed.text("detach-keys"))
    if not tty and parsed.given.get("sig-proxy", True):
        proxy_signals(cli, identifier)
    streams = [("stderr", body["AttachStderr"]), ("stdin", body["AttachStdin"]), ("stdout", body["AttachStdout"])]
    query = [("detachKeys", text)] if text else []
    query += [(name, "1") for name, wanted in streams if wanted] + [("stream", "1")]
    try:
        hijacked = cli.client.again().hijack(f"/containers/{identifier}/attach", query)
        # Before the start: a process may end before anybody can ask.
        condition = "removed" if body["HostConfig"]["AutoRemove"] else "next-exit"
        waiting = cli.client.again().open("POST", f"/containers/{identifier}/wait", [("condition", condition)])
    except (DaemonError, Unreachable) as error:
        raise cli.refused(_words(error)) from None
    _start(cli, identifier)
    if tty and os.isatty(1):
        follow_size(cli, f"/containers/{identifier}/resize")
    if not converse(hijacked, stdin=body["AttachStdin"], tty=tty, keys=keys):
        return 0
    return exit_code(cli, waiting)


def _start(cli: Cli, identifier: str) -> None:
    try:
        cli.client.call("POST", f"/containers/{identifier}/start")
    except (DaemonError, Unreachable) as error:
        raise cli.refused(_words(error), code_of(error.message)) from None


def code_of(message: str) -> int:
    """The exit code of a command that could not be started, as shells give it."""
    if any(
        words in message
        for words in ("executable file not found", "no such file or directory", "system cannot find the file")
    ):
        return NOT_FOUND
    if "permission denied" in message or "is a directory" in message:
        return NOT_EXECUTABLE
    return FAILED


def _words(error: BoxshipError | CliError) -> str:
    from boxship.cli.main import describe

    return error.message if isinstance(error, CliError) else describe(error)
