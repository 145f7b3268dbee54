"""Filters of foreign specs: calls that a supervisor decides, and the filter of processes that join."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.oci import Runtime

# linux/seccomp.h: SECCOMP_IOCTL_NOTIF_RECV and _SEND, struct seccomp_notif and seccomp_notif_resp.
RECEIVE, SEND = 0xC0502100, 0xC0182101


@pytest.fixture
def runtime(client_home: Path) -> Iterator[Runtime]:
    made = Runtime(client_home / "bin/busybox")
    try:
        yield made
    finally:
        made.close()


def profile(action: str, **more: Any) -> dict[str, Any]:
    rule = {"names": ["mkdir", "mkdirat"], "action": action}
    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule], **more}


def supervise(listener: socket.socket, told: list[dict[str, Any]], answer: int) -> None:
    """Take one listener's descriptor, and answer its first call with an error."""
    connection = listener.accept()[0]
    data, control, _, _ = connection.recvmsg(1 << 16, socket.CMSG_SPACE(4))
    connection.close()
    told.append(json.loads(data))
    fd = struct.unpack("i", control[0][2])[0]
    notification = bytearray(80)
    fcntl.ioctl(fd, RECEIVE, notification)
    fcntl.ioctl(fd, SEND, struct.pack("=Qqii", struct.unpack_from("=Q", notification)[0], 0, -answer, 0))
    os.close(fd)


def test_a_supervisor_decides(runtime: Runtime) -> None:
    path = runtime.folder / "seccomp.sock"
    filtered = profile("SCMP_ACT_NOTIFY", listenerPath=str(path), listenerMetadata="words")
    runtime.spec("sh", "-c", "mkdir /made 2>&1", linux__seccomp=filtered)
    told: list[dict[str, Any]] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        supervisor = threading.Thread(target=supervise, args=(listener, told, errno.EDQUOT))
        supervisor.start()
        done = runtime.run("run", "--bundle", str(runtime.bundle), runtime.id, check=False)
        supervisor.join()
    assert os.strerror(errno.EDQUOT) in done.stdout
    (message,) = told
    assert message["fds"] == ["seccompFd"] and message["metadata"] == "words"
    assert message["state"]["id"] == runtime.id and message["state"]["status"] == "creating"
    assert message["pid"] == message["state"]["pid"] > 1


def test_nobody_listens(runtime: Runtime) -> None:
    filtered = profile("SCMP_ACT_NOTIFY", listenerPath="/no/where.sock")
    assert "connect to the seccomp listener at /no/where.sock" in runtime.refusal("true", linux__seccomp=filtered)


@pytest.mark.parametrize(
    ("filtered", "words"),
    [
        (profile("SCMP_ACT_NOTIFY"), "needs linux.seccomp.listenerPath"),
        ({"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/x"}, "not supported"),
        (profile("SCMP_ACT_NOTIFY", listenerPath="/x", flags=["SECCOMP_FILTER_FLAG_TSYNC"]), "does not go with"),
        (profile("SCMP_ACT_ERRNO", flags=["SECCOMP_FILTER_FLAG_X"]), "is not known"),
        ({"defaultAction": "MAYBE"}, "not a valid action"),
    ],
)
def test_filters_that_make_no_sense(runtime: Runtime, filtered: dict[str, Any], words: str) -> None:
    assert words in runtime.refusal("true", linux__seccomp=filtered)


@pytest.mark.parametrize("forbidden", [True, False])
def test_a_filter_holds_for_those_who_join(runtime: Runtime, forbidden: bool) -> None:
    """Under either order of no_new_privs and filter."""
    filtered = profile("SCMP_ACT_ERRNO")
    filtered["syscalls"][0]["errnoRet"] = errno.EDQUOT
    runtime.spec("sleep", "600", linux__seccomp=filtered, process__noNewPrivileges=forbidden)
    runtime.create()
    runtime.run("start", runtime.id)
    joined = runtime.run("exec", runtime.id, "mkdir", "/made", check=False)
    assert os.strerror(errno.EDQUOT) in joined.stderr


def test_a_filter_that_forbids_waiting_does_not_hold_the_start_up(runtime: Runtime) -> None:
    """The gate is passed before the filter is there: accept and recvmsg are not the program's business."""
    names = ["accept", "accept4", "recvmsg", "recvfrom", "read", "getcwd"]
    rule = {"names": names, "action": "SCMP_ACT_KILL_PROCESS"}
    filtered = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}
    runtime.spec("true", linux__seccomp=filtered)
    done: subprocess.CompletedProcess[str] = runtime.run(
        "run", "--bundle", str(runtime.bundle), runtime.id, check=False
    )
    assert done.returncode in (0, 128 + 31) and not done.stderr
