"""docker top: what the machine's ps(1) says of a container's processes."""

import re
from typing import Any

from boxship.engine.container.group import group_of_run
from boxship.engine.container.notify import publish
from boxship.engine.container.pause import must_be_up
from boxship.engine.engine import Engine
from boxship.lib.bridge import bulk
from boxship.lib.errors import BoxshipError, Conflict
from boxship.lib.program import run_program

DEFAULT_ARGUMENTS = "-ef"

# ps takes a heading of one's own, NAME=HEADING: nothing but the pid itself may be called PID, since the column that
# has this heading is believed.
_RENAMED = re.compile(r"\s+(\S*)=\s*(PID\S*)", re.ASCII)


async def top(engine: Engine, ref: str, arguments: str) -> dict[str, Any]:
    """The body of `GET /containers/{id}/top`: Titles and Processes, as `ps arguments` gives them.

    arguments: "" for -ef. NotFound, Conflict when it does not run, BoxshipError for arguments that ps does not take
    or that show no pid.
    """
    container = engine.containers.get(ref)
    must_be_up(container)
    check_arguments(arguments)
    try:
        body = await bulk(_ask, engine, container.id, arguments or DEFAULT_ARGUMENTS)
    except FileNotFoundError:
        # Its control group is gone: it has ended meanwhile.
        raise Conflict(f"container {container.id} is not running") from None
    publish(engine, container, "top")
    return body


def check_arguments(arguments: str) -> None:
    """BoxshipError for arguments that give another column the heading PID."""
    for name, heading in _RENAMED.findall(arguments):
        if name != "pid":
            raise BoxshipError(f'specifying "{name}={heading}" is not allowed')


def _ask(engine: Engine, container_id: str, arguments: str) -> dict[str, Any]:
    pids = group_of_run(engine, container_id).pids()
    words = split_fields(arguments)
    wanted = ",".join(map(str, pids)) or "0"
    try:
        # These only, where that goes with the arguments; else all of the machine's, to pick from.
        done = run_program("ps", [*words, "-q", wanted])
        if done.code != 0:
            done = run_program("ps", words)
    except FileNotFoundError:
        raise BoxshipError(
            "docker top runs ps, and this machine has none\n  to install it:       apt-get install procps"
        ) from None
    if done.code != 0:
        raise BoxshipError(f"ps: {done.stderr.strip().partition(chr(10))[0] or f'exit status {done.code}'}")
    titles, processes = pick(done.stdout, set(pids))
    return {"Titles": titles, "Processes": processes}


def split_fields(line: str) -> list[str]:
    """The words of a line; only ASCII blanks part them: a process may be called anything."""
    return [word for word in re.split(r"[\t\n\f\r\v ]+", line) if word]


def pick(output: str, pids: set[int]) -> tuple[list[str], list[list[str]] | None]:
    """The titles of ps's output and the rows of these processes; None for no row.

    The last title's column takes the rest of a line. Lines of threads, which show no pid, follow their process.
    BoxshipError without a column of pids.
    """
    head, *lines = output.split("\n")
    titles = split_fields(head)
    if "PID" not in titles:
        raise BoxshipError("Couldn't find PID field in ps output")
    column = titles.index("PID")
    rows: list[list[str]] = []
    ours = False
    for line in lines:
        fields = split_fields(line)
        if len(fields) <= column:
            continue
        if fields[column] != "-":
            if not fields[column].isdecimal():
                raise BoxshipError(f"Unexpected pid '{fields[column]}': it is no number")
            ours = int(fields[column]) in pids
        if ours:
            last = len(titles) - 1
            rows.append([*fields[:last], " ".join(fields[last:])])
    return titles, rows or None
