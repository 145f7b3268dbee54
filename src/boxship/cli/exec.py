"""`boxship exec`."""

import os

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.options.check import environment
from boxship.client.errors import DaemonError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE = "[OPTIONS] CONTAINER COMMAND [ARG...]"
ABOUT = "Run one more command inside a running container"
ARGS = (2, -1)
COMPLETES = "running"
INTERSPERSED = False
FLAGS = (
    Flag("detach", "d", "", "Run it in the background"),
    Flag("detach-keys", "", "string", "Keys that detach your terminal"),
    Flag("env", "e", "list", "Set an environment variable, NAME=value, or pass yours, NAME", environment),
    Flag("env-file", "", "list", "Read environment variables from a file"),
    Flag("interactive", "i", "", "Keep standard input open"),
    Flag("privileged", "", "", "Give it all that the host can do"),
    Flag("tty", "t", "", "Give it a terminal"),
    Flag("user", "u", "string", "Run as this user, name|uid[:group|gid]"),
    Flag("workdir", "w", "string", "Folder it starts in"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Run the command; its exit code. CliError, DaemonError."""
    from boxship.cli.session import check_terminal, converse, detach_keys, follow_size

    name, command = parsed.args[0], parsed.args[1:]
    detached, tty = parsed.on("detach"), parsed.on("tty")
    stdin = parsed.on("interactive") and not detached
    text, keys = detach_keys(cli, parsed.text("detach-keys"))
    console = _console() if tty else None
    body = _body(parsed, command, text, stdin, detached)
    if console:
        body["ConsoleSize"] = console
    if not detached and tty and stdin and not os.isatty(0):
        # The container's absence is the better news.
        cli.client.call("GET", f"/containers/{name}/json")
        check_terminal(stdin, tty)
    identifier = cli.client.call("POST", f"/containers/{name}/exec", body=body)["Id"]
    start: dict[str, Any] = {"Detach": detached, "Tty": tty}
    if console:
        start["ConsoleSize"] = console
    path = f"/exec/{identifier}"
    try:
        if detached:
            cli.client.call("POST", f"{path}/start", body=start)
            return 0
        hijacked = cli.client.hijack(f"{path}/start", body=start)
    except DaemonError as error:
        raise _not_started(error) from None
    if tty and os.isatty(1):
        follow_size(cli, f"{path}/resize")
    if not converse(hijacked, stdin=stdin, tty=tty, keys=keys):
        raise CliError("read escape sequence")
    code: int = cli.client.call("GET", f"{path}/json")["ExitCode"]
    return code


def _console() -> list[int] | None:
    from boxship.cli.terminal import size

    console = list(size(1))
    return console if console != [0, 0] else None


def _body(parsed: Parsed, command: list[str], keys: str, stdin: bool, detached: bool) -> "dict[str, Any]":
    from boxship.cli.options.files import BadFile, pairs

    try:
        variables = pairs(parsed.list("env-file"), "env file", environment=True) + parsed.list("env")
    except BadFile as error:
        raise CliError(str(error)) from None
    return {
        "User": parsed.text("user"),
        "Privileged": parsed.on("privileged"),
        "Tty": parsed.on("tty"),
        "AttachStdin": stdin,
        "AttachStderr": not detached,
        "AttachStdout": not detached,
        "DetachKeys": keys,
        "Env": variables or None,
        "WorkingDir": parsed.text("workdir"),
        "Cmd": command,
        "Detach": False,
    }


def _not_started(error: DaemonError) -> CliError:
    return CliError(f"Error response from daemon: {error.message}", 1)
