"""`boxship wait`."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import out
from boxship.client.errors import DaemonError

USAGE = "CONTAINER [CONTAINER...]"
ABOUT = "Wait until containers stop and print their exit codes"
ARGS = (1, -1)
COMPLETES = "containers"
FLAGS: tuple[Flag, ...] = ()


def run(cli: Cli, parsed: Parsed) -> int:
    """Wait for one after the other; print each exit code. CliError."""
    failures: list[str] = []
    for name in parsed.args:
        try:
            answer = cli.client.call("POST", f"/containers/{name}/wait")
        except DaemonError as error:
            failures.append(f"Error response from daemon: {error.message}")
            continue
        problem = (answer.get("Error") or {}).get("Message")
        if problem:
            failures.append(problem)
        else:
            out(f"{answer['StatusCode']}\n")
    if failures:
        raise CliError("\n".join(failures))
    return 0
