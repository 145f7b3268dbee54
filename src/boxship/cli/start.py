"""`boxship start`: start stopped containers, one of them with its streams on ours where that is asked."""

import os

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import err, out
from boxship.client.errors import DaemonError

USAGE = "[OPTIONS] CONTAINER [CONTAINER...]"
ABOUT = "Start containers that are stopped"
ARGS = (1, -1)
COMPLETES = "stopped"
FLAGS = (
    Flag("attach", "a", "", "Attach its output to your terminal and pass signals on"),
    Flag("checkpoint", "", "string", "Restore from this checkpoint", hidden=True),
    Flag("checkpoint-dir", "", "string", "Folder of the checkpoints", hidden=True),
    Flag("detach-keys", "", "string", "Keys that detach your terminal"),
    Flag("interactive", "i", "", "Attach its standard input"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Start; attached, the container's exit code. CliError, DaemonError."""
    names = parsed.args
    if parsed.on("attach") or parsed.on("interactive"):
        if len(names) > 1:
            raise CliError("you cannot start and attach multiple containers at once")
        return _attached(cli, parsed, names[0])
    query = [("checkpoint", parsed.text("checkpoint"))] if parsed.text("checkpoint") else []
    query += [("checkpoint-dir", parsed.text("checkpoint-dir"))] if parsed.text("checkpoint-dir") else []
    failed: list[str] = []
    for name in names:
        try:
            cli.client.call("POST", f"/containers/{name}/start", query)
        except DaemonError as error:
            err(f"Error response from daemon: {error.message}\n")
            failed.append(name)
        else:
            out(f"{name}\n")
    if failed:
        raise CliError(f"Error: failed to start containers: {', '.join(failed)}")
    return 0


def _attached(cli: Cli, parsed: Parsed, name: str) -> int:
    from boxship.cli.session import converse, detach_keys, exit_code, follow_size, proxy_signals

    container = cli.client.call("GET", f"/containers/{name}/json")
    identifier, config = container["Id"], container["Config"]
    text, keys = detach_keys(cli, parsed.text("detach-keys"))
    tty = config["Tty"]
    if not tty:
        proxy_signals(cli, identifier)
    stdin = parsed.on("interactive") and config["OpenStdin"]
    query = [("detachKeys", text)] if text else []
    query += [("stderr", "1"), *([("stdin", "1")] if stdin else []), ("stdout", "1"), ("stream", "1")]
    hijacked = cli.client.again().hijack(f"/containers/{identifier}/attach", query)
    condition = "removed" if container["HostConfig"]["AutoRemove"] else "next-exit"
    waiting = cli.client.again().open("POST", f"/containers/{identifier}/wait", [("condition", condition)])
    if not container["State"]["Running"]:
        cli.client.call("POST", f"/containers/{identifier}/start")
    if tty and os.isatty(1):
        follow_size(cli, f"/containers/{identifier}/resize")
    if not converse(hijacked, stdin=stdin, tty=tty, keys=keys):
        return 0
    return exit_code(cli, waiting)
