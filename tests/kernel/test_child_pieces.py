"""Pieces of what runs between the fork and the program, each tried by itself in a fork of the test."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boxship.kernel import process
from boxship.kernel.cgroup import Cgroup, Layout, detect, plan_resources
from boxship.kernel.cgroup.watch import LayoutWatch
from boxship.kernel.openat2 import RESOLVE_IN_ROOT, openat2
from boxship.shim.child import import_nothing
from boxship.shim.plan import settle_cgroup
from boxship.shim.user import resolve


def in_a_fork(work: Callable[[], Any]) -> Any:
    """What `work` returns, done by a process of its own."""
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.write(there, json.dumps(work()).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(there)
    with open(here, "rb") as file:
        told = file.read()
    assert os.waitpid(pid, 0)[1] == 0
    return json.loads(told)


def masks() -> dict[str, int]:
    lines = (line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines() if "Sig" in line[:3])
    return {name: int(value, 16) for name, value in lines if name in ("SigIgn", "SigBlk")}


def test_ignored_and_blocked_signals_do_not_reach_the_program() -> None:
    def work() -> list[dict[str, int]]:
        for number in (signal.SIGPIPE, signal.SIGUSR1, signal.SIGRTMIN + 3):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
        # By number, past the interpreter: libc's own signals (32, 33).
        process.syscall("rt_sigaction", 33, (1).to_bytes(8, sys.byteorder) + bytes(24), None, 8)
        before = masks()
        process.reset_signals()
        return [before, masks()]

    before, after = in_a_fork(work)
    for number in (signal.SIGPIPE, signal.SIGUSR1, signal.SIGRTMIN + 3, 33):
        assert before["SigIgn"] >> number - 1 & 1
    assert after == {"SigIgn": 0, "SigBlk": 0}


def test_after_the_ban_nothing_is_imported(tmp_path: Path) -> None:
    (tmp_path / "poison.py").write_text("")

    def work() -> str:
        sys.path.insert(0, str(tmp_path))
        import_nothing()
        try:
            __import__("poison")
        except ImportError:
            return "refused"
        return "imported"

    assert in_a_fork(work) == "refused"


@pytest.mark.parametrize("size", [0, 4095, 4096, 300_000, 1 << 20])
def test_the_passwd_file_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    (tmp_path / "passwd").write_text(f"#{'x' * size}\nlast:x:7:8::/home/last:/bin/sh\n")
    (tmp_path / "group").write_text("")
    identity = resolve("last", [], lambda path, flags: os.open(f"{tmp_path}/{os.path.basename(path)}", flags))
    assert (identity.uid, identity.gid, identity.home) == (7, 8, "/home/last")


def test_a_file_whose_size_is_not_known_is_read_to_its_end() -> None:
    # Files of /proc have no size.
    identity = resolve("0", [], lambda path, flags: os.open("/proc/self/status", flags))
    assert identity.uid == 0


def test_numbers_reach_the_kernel_whole() -> None:
    root = os.open("/", os.O_PATH)
    try:
        fd = openat2(root, b"proc", os.O_PATH, resolve=RESOLVE_IN_ROOT)
        assert os.readlink(f"/proc/self/fd/{fd}") == "/proc"
        os.close(fd)
    finally:
        os.close(root)
    # Negative ones, too: the kernel refuses -1 as an option, and does not take it for 2**32 - 1.
    with pytest.raises(OSError, match="prctl"):
        process.prctl(-1)


def test_the_layout_is_looked_up_again_when_something_is_mounted(tmp_path: Path) -> None:
    def work() -> list[int]:
        process.unshare(process.CLONE_NEWNS)
        process.syscall("mount", None, b"/", None, 0x44000, None)
        watch = LayoutWatch()
        first, second = watch.current(), watch.current()
        process.syscall("mount", b"none", os.fsencode(tmp_path), b"tmpfs", 0, None)
        third, fourth = watch.current(), watch.current()
        watch.close()
        same = first.to_json() == third.to_json() == detect().to_json()
        return [first is second, second is third, third is fourth, same]

    assert in_a_fork(work) == [True, False, True, True]


def test_what_the_daemon_has_looked_up_makes_the_same_group() -> None:
    layout = detect()
    path = f"/boxship-test-{os.getpid()}/settled"
    resources = {"devices": [{"allow": False, "access": "rwm"}], "pids": {"limit": 17}}
    wanted: dict[str, Any] = {"path": path, "resources": resources}
    settle_cgroup(wanted, layout)
    told = json.loads(json.dumps(wanted))
    assert [tuple(write) for write in told["writes"]] == plan_resources(resources, layout)
    group = Cgroup.create(path, told["resources"], Layout.from_json(told["layout"]), told["writes"])
    try:
        assert group.folders == Cgroup(path, layout).folders
        assert Path(group.folder("pids"), "pids.max").read_text() == "17\n"
    finally:
        group.remove()
        Cgroup(os.path.dirname(path), layout).remove_if_empty()


def test_a_limit_that_nobody_can_keep_is_the_first_process_to_tell() -> None:
    wanted: dict[str, Any] = {"path": "/x", "resources": {"pids": {"limit": 1}}}
    settle_cgroup(wanted, Layout(1, {}, []))
    assert "writes" not in wanted
