"""`boxship oci exec`: one more process in a container."""

from __future__ import annotations

import os

from boxship.cli.flags import Flag, Parsed
from boxship.lib.atomic import write_atomic
from boxship.lib.errors import Conflict, InvalidParameter, NotFound
from boxship.lib.plainjson import decode
from boxship.oci.bundle import check_process
from boxship.oci.console import open_console
from boxship.oci.container import Container
from boxship.oci.context import Context
from boxship.oci.entering import enter
from boxship.oci.launch import seccomp_listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE = "[OPTIONS] ID [COMMAND [ARG...]]"
FLAGS = (
    Flag("additional-gids", "g", "list", "One more group of the process"),
    Flag("apparmor", "", "string", "AppArmor profile"),
    Flag("cap", "c", "list", "One more capability, such as CAP_NET_ADMIN"),
    Flag("cgroup", "", "string", "Control group below the container's"),
    Flag("console-socket", "", "string", "Unix socket that takes the master of the process's terminal"),
    Flag("cwd", "", "string", "Working folder"),
    Flag("detach", "d", "", "Don't wait for the process"),
    Flag("env", "e", "list", "NAME=VALUE of the environment"),
    Flag("ignore-paused", "", "", "Enter a paused container, too"),
    Flag("no-new-privs", "", "", "Forbid new privileges"),
    Flag("no-subreaper", "", "", "Accepted for runc's sake", hidden=True),
    Flag("pid-file", "", "string", "File that the process's pid is written to"),
    Flag("preserve-fds", "", "uint", "How many more descriptors, from 3 up, the process gets", note="0"),
    Flag("process", "p", "string", "File with the process as the runtime spec has it"),
    Flag("process-label", "", "string", "SELinux label"),
    Flag("tty", "t", "", "Give the process a terminal"),
    Flag("user", "u", "string", "UID[:GID]"),
)
ARGS = (1, -1)
INTERSPERSED = False
# runc's code for a process that did not start.
FAILED = 255


def run(context: Context, parsed: Parsed) -> int:
    container = context.container(parsed.args[0])
    status = container.status()
    if status == "stopped":
        raise Conflict(f"cannot exec in a container that has stopped: {container.id}")
    if status == "paused" and not parsed.on("ignore-paused"):
        raise Conflict(f"cannot exec in a paused container: {container.id} (use --ignore-paused)")
    process = check_process(_process(container, parsed), context.log)
    process["seccompProgram"] = container.record.get("seccomp", "")
    profile = (container.spec().get("linux") or {}).get("seccomp") or {}
    listener = seccomp_listener(container, container.record["bundle"], profile)
    if listener:
        listener["state"]["status"] = status
        process["seccompListener"] = listener
    process["preserveFds"] = preserved = parsed.number("preserve-fds")
    for fd in range(3, 3 + preserved):
        os.set_inheritable(fd, True)
    detached = parsed.on("detach")
    console = open_console(process, parsed.text("console-socket"), detached=detached)
    pid = enter(container, process, console, parsed.text("cgroup"))
    if parsed.text("pid-file"):
        write_atomic(os.path.abspath(parsed.text("pid-file")), str(pid).encode(), durable=False)
    if detached:
        return 0
    # The signal module and its enumerations are for those that wait.
    from boxship.oci.foreground import wait_for

    return wait_for(pid, console)


def _process(container: Container, parsed: Parsed) -> dict[str, Any]:
    if parsed.text("process"):
        try:
            with open(parsed.text("process"), "rb") as file:
                process: dict[str, Any] = decode(file.read())
        except FileNotFoundError:
            raise NotFound(f"{parsed.text('process')}: no such file") from None
        except ValueError as error:
            raise InvalidParameter(f"{parsed.text('process')}: {error}") from None
        if parsed.on("tty"):
            process["terminal"] = True
        return process
    if len(parsed.args) < 2:
        raise InvalidParameter("a command, or --process with one, is needed")
    process = dict(container.spec().get("process") or {})
    for name in ("consoleSize", "scheduler", "ioPriority"):
        process.pop(name, None)
    process["args"] = parsed.args[1:]
    process["terminal"] = parsed.on("tty")
    process["env"] = [*(process.get("env") or []), *parsed.list("env")]
    process["user"] = _user(dict(process.get("user") or {}), parsed)
    for flag, key in (("cwd", "cwd"), ("apparmor", "apparmorProfile"), ("process-label", "selinuxLabel")):
        if parsed.text(flag):
            process[key] = parsed.text(flag)
    if parsed.on("no-new-privs"):
        process["noNewPrivileges"] = True
    if parsed.list("cap"):
        sets = process.get("capabilities") or {}
        kinds = ("bounding", "effective", "inheritable", "permitted")
        process["capabilities"] = {
            **sets,
            **{kind: [*(sets.get(kind) or []), *parsed.list("cap")] for kind in kinds},
        }
    return process


def _user(user: dict[str, Any], parsed: Parsed) -> dict[str, Any]:
    if parsed.text("user"):
        uid, _, gid = parsed.text("user").partition(":")
        if not uid.isdigit() or (gid and not gid.isdigit()):
            raise InvalidParameter(f"--user {parsed.text('user')!r} is not UID or UID:GID")
        user = {"uid": int(uid), "gid": int(gid or user.get("gid", 0))}
    if parsed.list("additional-gids"):
        user["additionalGids"] = [int(gid) for gid in parsed.list("additional-gids")]
    return user
