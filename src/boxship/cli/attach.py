"""`boxship attach`."""

import os

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed

USAGE = "[OPTIONS] CONTAINER"
ABOUT = "Attach your terminal's input and output to a running container"
ARGS = (1, 1)
COMPLETES = "running"
FLAGS = (
    Flag("detach-keys", "", "string", "Keys that detach your terminal"),
    Flag("no-stdin", "", "", "Don't attach standard input"),
    Flag("sig-proxy", "", "", "Pass signals on to the process", note="true"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Attach until the output ends; the container's exit code. CliError, DaemonError."""
    from boxship.cli.session import (
        check_terminal,
        converse,
        detach_keys,
        exit_code,
        follow_size,
        proxy_signals,
    )

    name = parsed.args[0]
    container = cli.client.call("GET", f"/containers/{name}/json")
    state, config, identifier = container["State"], container["Config"], container["Id"]
    for bad, words in (
        (not state["Running"], "You cannot attach to a stopped container, start it first"),
        (state["Paused"], "You cannot attach to a paused container, unpause it first"),
        (state["Restarting"], "You cannot attach to a restarting container, wait until it is running"),
    ):
        if bad:
            raise CliError(words)
    stdin = not parsed.on("no-stdin") and config["OpenStdin"]
    tty = config["Tty"]
    check_terminal(stdin, tty)
    text, keys = detach_keys(cli, parsed.text("detach-keys"))
    if not tty and parsed.given.get("sig-proxy", True):
        proxy_signals(cli, identifier)
    waiting = cli.client.again().open("POST", f"/containers/{identifier}/wait", [("condition", "")])
    query = [("detachKeys", text)] if text else []
    query += [("stderr", "1"), *([("stdin", "1")] if stdin else []), ("stdout", "1"), ("stream", "1")]
    hijacked = cli.client.again().hijack(f"/containers/{identifier}/attach", query)
    if tty and os.isatty(1):
        follow_size(cli, f"/containers/{identifier}/resize", redraw=True)
    if not converse(hijacked, stdin=stdin, tty=tty, keys=keys):
        raise CliError("read escape sequence")
    return exit_code(cli, waiting)
