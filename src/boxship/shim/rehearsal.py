"""What a monitor and a first process do, done a few times in the zygote before the first fork.

The interpreter rewrites code as it warms up and fills caches on first use: of methods, of names, of functions of
libraries. Done before the fork, those pages stay shared; done after it, every process copies its own, some 2.5 µs and
4 KiB each. What is rehearsed here changes nothing outside: a monitor of nobody's, a root that is mounted nowhere.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import os

from boxship.kernel import process as kernel
from boxship.kernel.cgroup import Cgroup, Layout
from boxship.lib.logframe import LogTarget
from boxship.lib.plainjson import decode, encode
from boxship.shim import rehearsal_root, wire
from boxship.shim.become import Stdio
from boxship.shim.enter import join_cgroups, make_cgroups
from boxship.shim.monitor import Monitor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The interpreter specialises code after eight calls.
_TIMES = 10
_NAME = "rehearsal"


def rehearse(folder: str) -> None:
    """Leaves nothing: no process, no file in `folder`, no descriptor, no mount."""
    place = f"{folder}/{_NAME}"
    # Of a zygote that was killed in the middle of this.
    _clear(place)
    os.mkdir(place, 0o700)
    # The zygote leaves its children to the kernel; a monitor waits for its own.
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    for _ in range(_TIMES):
        _watch_over(place)
        _enter_group(place)
        rehearsal_root.build(place)
        rehearsal_root.become_nothing()
    _clear(place)


def _clear(folder: str) -> None:
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            _clear(entry.path)
        else:
            os.unlink(entry.path)
    os.rmdir(folder)


def _watch_over(place: str) -> None:
    daemon, link = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    browser, client = _socket.socketpair()
    log = LogTarget("local", f"{place}/log")
    attach: dict[str, Any] = {"stdin": True, "stdout": True, "stderr": True}
    request = {
        "op": "start",
        "bundle": place,
        "namespaces": kernel.CLONE_NEWPID,
        "pid_namespace": "",
        "cgroup": "",
        "log": log.to_json(),
        "spool_folder": place,
        "tty": False,
        "open_stdin": True,
        "stdin_once": True,
        "size": (0, 0),
        "attachments": [attach],
    }
    message, fds = wire.unpack(wire.pack(request)[0], [client.detach()])
    wire.send(daemon, {"op": "resize", "height": 0, "width": 0, "seq": 1})
    browser.close()

    def fork(_: dict[str, Any], stdio: Stdio, report: int) -> int:
        pid = kernel.fork_with_namespaces(0)
        if pid:
            # The daemon's end is the process's alone now: the monitor goes when both are gone.
            daemon.close()
            return pid
        try:
            os.close(report)
            os.write(stdio.fds[1], b"a line\n")
            while (received := wire.receive(daemon)) and received[0].get("event") != "started":
                pass
        finally:
            os._exit(0)

    Monitor(message, link, fds, fork).run()
    _clear(place)
    os.mkdir(place, 0o700)


def _enter_group(place: str) -> None:
    """A folder with plain files stands for a control group: of its files only the names are the kernel's."""
    path = f"{place}/group"
    os.mkdir(path)
    names = [f"{path}/{name}" for name in ("tasks", "pids.max")]
    for name in names:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    layout = Layout(1, {"pids": place}, [place])
    wanted = {"path": "/group", "resources": {}, "layout": layout.to_json(), "writes": [("pids", "pids.max", "1")] * 2}
    join_cgroups(make_cgroups(decode(encode(wanted))))
    for name in names:
        os.unlink(name)
    Cgroup("/group", layout).remove()
