"""`boxship setup`: the daemon as a service of this machine."""

import os

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE = "[OPTIONS]"
ABOUT = "Make the daemon a service of this machine, or undo that"
ARGS = (0, 0)
FLAGS = (
    Flag("docker-socket", "", "", "Listen at /var/run/docker.sock, too, where no other engine does"),
    Flag("dry-run", "", "", "Say what would be done, and do nothing"),
    Flag("group", "", "string", "Group that may use the engine without being root", note='"boxship"'),
    Flag("remove", "", "", "Take away what an earlier setup has made; containers and images stay"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Set up, or remove; each thing is named as it is done. CliError."""
    dry = parsed.on("dry-run")
    if os.geteuid() != 0 and not dry:
        raise CliError("setup changes the machine, and that needs root\n  sudo boxship setup")
    return _remove(dry) if parsed.on("remove") else _make(parsed, dry)


def _make(parsed: Parsed, dry: bool) -> int:
    from boxship.cli.install import record
    from boxship.cli.install.choose import choose

    group = parsed.text("group") or "boxship"
    made = record.read()
    items, left = choose(group, docker_socket=parsed.on("docker-socket"), made=set(made))
    for item in items:
        if dry:
            out(f"would make   {item.about}\n")
            continue
        entry = (item.kind, item.value)
        if item.kind == "service" and entry not in made:
            # Before it is made: one that was enabled and does not start is there to be removed, too.
            made.append(entry)
            record.write(made)
        try:
            done = item.make()
        except OSError as error:
            raise CliError(f"{item.about}: {error.strerror or error}") from None
        out(f"{'made        ' if done else 'there already'} {item.about}\n")
        # A group or a context that somebody else had made is not ours to remove.
        if entry not in made and done:
            made.append(entry)
            record.write(made)
    for line in left:
        out(f"left out     {line}\n")
    if not dry:
        out(f"\nto use it without sudo:     usermod --append --groups {group} NAME\n")
        out("to use it from docker:      docker --context boxship ps\n")
        out("to undo all this:           boxship setup --remove\n")
    return 0


def _remove(dry: bool) -> int:
    from boxship.cli.install import record
    from boxship.cli.install.items import KINDS

    made = record.read()
    if not made:
        raise CliError(f"nothing to remove: boxship setup has made nothing here ({record.FILE} is not there)")
    services: list[Any] = []
    failed: list[str] = []
    # The service first: it uses what else there is.
    for kind, value in sorted(made, key=lambda entry: entry[0] != "service"):
        item = KINDS[kind](value)
        if dry:
            out(f"would remove {item.about}\n")
            continue
        try:
            there = item.undo()
        except (CliError, OSError) as error:
            # The rest goes all the same, and this can be tried again.
            failed.append(f"{item.about}: {error.message if isinstance(error, CliError) else error.strerror}")
            continue
        services += [item] if kind == "service" else []
        made.remove((kind, value))
        record.write(made)
        out(f"{'removed     ' if there else 'was gone    '} {item.about}\n")
    for item in services:
        item.forgotten()
    if failed:
        raise CliError("\n".join(failed))
    if not dry:
        out("\ncontainers, images and volumes stay in /var/lib/boxship; what runs goes on running\n")
    return 0
