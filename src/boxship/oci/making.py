"""What `create` and `run` share: their flags, and the way from a bundle to a container."""

from __future__ import annotations

import os

from boxship.cli.flags import Flag, Parsed
from boxship.lib.atomic import write_atomic
from boxship.lib.errors import InvalidParameter
from boxship.oci.bundle import check_spec, read_bundle
from boxship.oci.console import Console, open_console
from boxship.oci.container import Container, check_id
from boxship.oci.context import Context
from boxship.oci.launch import Options, launch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FLAGS = (
    Flag("bundle", "b", "string", "The bundle's folder", note="."),
    Flag("config", "f", "string", "The spec's file name", note="config.json"),
    Flag("console-socket", "", "string", "Unix socket that takes the master of the container's terminal"),
    Flag("no-new-keyring", "", "", "Keep the caller's session keyring"),
    Flag("no-pivot", "", "", "Move the root instead of pivot_root, for a root on the initial ramfs"),
    Flag("no-subreaper", "", "", "Accepted for runc's sake", hidden=True),
    Flag("pid-file", "", "string", "File that the first process's pid is written to"),
    Flag("preserve-fds", "", "uint", "How many more descriptors, from 3 up, the program gets", note="0"),
)


def make(context: Context, parsed: Parsed, *, detached: bool, program: bool = False) -> tuple[Container, Console]:
    """The container that the flags describe, waiting for `start`. BoxshipError.

    program: whether there must be one: a container without may be created (runtime-spec, config.md, "Process").
    """
    container_id = parsed.args[0]
    check_id(container_id)
    bundle = os.path.abspath(parsed.text("bundle") or ".")
    spec = check_spec(read_bundle(bundle, parsed.text("config") or "config.json"), bundle, context.log)
    if program and not spec["process"]:
        raise InvalidParameter(f"cannot run {container_id}: its config.json has no process")
    console = open_console(spec["process"], parsed.text("console-socket"), detached=detached)
    options = Options(
        preserve_fds=_preserved(parsed, spec["process"]),
        no_pivot=parsed.on("no-pivot"),
        no_new_keyring=parsed.on("no-new-keyring"),
    )
    return launch(context, container_id, bundle, spec, console, options), console


def _preserved(parsed: Parsed, process: dict[str, Any]) -> int:
    """How many descriptors, with those of socket activation (sd_listen_fds(3)), which the program is told of."""
    count = parsed.number("preserve-fds")
    listening = os.environ.get("LISTEN_FDS", "")
    if listening.isascii() and listening.isdigit() and int(listening):
        count += int(listening)
        process["env"] = [*(process.get("env") or []), f"LISTEN_FDS={listening}", "LISTEN_PID=1"]
    for fd in range(3, 3 + count):
        try:
            os.set_inheritable(fd, True)
        except OSError:
            raise InvalidParameter(f"--preserve-fds {count}: descriptor {fd} is not open") from None
    return count


def write_pid(parsed: Parsed, pid: int) -> None:
    """The file of --pid-file, whole or not at all."""
    path = parsed.text("pid-file")
    if path:
        write_atomic(os.path.abspath(path), str(pid).encode(), durable=False)
