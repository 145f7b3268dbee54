"""Control groups as the kernel keeps them: on the machine's own hierarchies, and on a v2 one that each test mounts."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from boxship.kernel.cgroup import Cgroup, Layout
from boxship.kernel.cgroup.entry import close_group, open_group
from boxship.kernel.cgroup.files import read
from boxship.kernel.process import CLONE_NEWUTS, fork_with_namespaces
from boxship.lib.errors import InvalidParameter
from boxship.shim.loop import Loop
from boxship.shim.memory import MemoryWatch
from tests.support.groups import ended, run_in, sleep, until

DEVICES = [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"}]
MIB = 1 << 20


def test_make_join_kill_remove(layout: Layout, make: Callable[..., Cgroup]):
    group = make(layout)
    pids = [run_in(group, sleep) for _ in range(3)]
    until(lambda: group.pids() == sorted(pids))
    with pytest.raises(OSError) as caught:
        os.rmdir(group.folders[0][1])
    assert caught.value.errno == errno.EBUSY
    group.kill_all()
    assert [ended(pid) for pid in pids] == [-signal.SIGKILL] * 3
    assert group.pids() == []
    group.remove()
    assert not any(Path(folder).exists() for _, folder in group.folders)
    group.remove()


def test_children_are_members_wherever_they_are(layout: Layout, make: Callable[..., Cgroup]):
    group = make(layout)

    def deeper() -> int:
        for _, folder in group.folders:
            os.mkdir(f"{folder}/below")
            for file in ("cpuset.cpus", "cpuset.mems"):
                if Path(f"{folder}/{file}").exists() and layout.version == 1:
                    Path(f"{folder}/below/{file}").write_text(read(f"{folder}/{file}"))
            Path(f"{folder}/below/cgroup.procs").write_text("0")
        return sleep()

    pid = run_in(group, deeper)
    until(lambda: group.pids() == [pid] and all(Path(folder, "below").exists() for _, folder in group.folders))
    group.kill_all()
    assert ended(pid) == -signal.SIGKILL
    group.remove()
    assert not any(Path(folder).exists() for _, folder in group.folders)


def test_groups_that_go_while_they_are_looked_at(layout: Layout, make: Callable[..., Cgroup]):
    """systemd removes a scope as soon as it is empty; containers make and remove groups of their own."""
    group = make(layout)
    below = f"{group.folders[0][1]}/below"
    stop, end = os.pipe()
    os.set_blocking(stop, False)

    def come_and_go() -> int:
        os.close(end)
        while True:
            os.mkdir(below)
            os.rmdir(below)
            try:
                return len(os.read(stop, 1))
            except BlockingIOError:
                continue

    pid = os.fork()
    if pid == 0:
        os._exit(come_and_go())
    try:
        for _ in range(3000):
            assert group.pids() == []
    finally:
        os.close(end)
        os.close(stop)
        assert ended(pid) == 0
    group.remove()
    assert group.pids() == []
    group.kill_all()


def test_freeze(layout: Layout, make: Callable[..., Cgroup]):
    group = make(layout)
    reader, writer = os.pipe()

    def tick() -> int:
        while True:
            os.write(writer, b".")
            time.sleep(0.001)

    pid = run_in(group, tick)
    os.read(reader, 1)
    group.freeze(True)
    os.set_blocking(reader, False)
    try:
        while os.read(reader, 1 << 16):
            pass
    except BlockingIOError:
        pass
    time.sleep(0.05)
    with pytest.raises(BlockingIOError):
        os.read(reader, 1)
    group.freeze(False)
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b"."
    group.freeze(True)
    group.kill_all()
    assert ended(pid) == -signal.SIGKILL
    os.close(reader)
    os.close(writer)


def test_devices(layout: Layout, make: Callable[..., Cgroup]):
    group = make(layout, devices=DEVICES)

    def attempt() -> int:
        os.close(os.open("/dev/null", os.O_RDWR))
        os.close(os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK))
        for path, flags in (("/dev/kmsg", os.O_WRONLY), ("/dev/mem", os.O_RDONLY), ("/dev/loop0", os.O_RDONLY)):
            if os.path.exists(path):
                try:
                    os.open(path, flags)
                except PermissionError:
                    continue
                return 1
        return 0

    assert ended(run_in(group, attempt)) == 0


def test_without_rules_devices_are_open(layout: Layout, make: Callable[..., Cgroup]):
    group = make(layout, devices=[{"allow": True, "access": "rwm"}])

    def attempt() -> int:
        os.close(os.open("/dev/kmsg", os.O_WRONLY))
        return 0

    assert ended(run_in(group, attempt)) == 0


def test_limits_are_in_place(machine: Layout, make: Callable[..., Cgroup]):
    group = make(
        machine,
        memory={"limit": 64 * MIB, "swap": 64 * MIB},
        cpu={"shares": 512, "period": 50_000, "quota": 10_000, "cpus": "0"},
        pids={"limit": 5},
    )
    v1 = {
        "memory": ("memory.limit_in_bytes", str(64 * MIB)),
        "cpu": ("cpu.cfs_quota_us", "10000"),
        "cpuset": ("cpuset.cpus", "0"),
        "pids": ("pids.max", "5"),
    }
    v2 = {
        "memory": ("memory.max", str(64 * MIB)),
        "cpu": ("cpu.max", "10000 50000"),
        "cpuset": ("cpuset.cpus", "0"),
        "pids": ("pids.max", "5"),
    }
    for controller, (file, value) in (v1 if machine.version == 1 else v2).items():
        assert read(f"{group.folder(controller)}/{file}").strip() == value

    def fork_too_much() -> int:
        for _ in range(10):
            try:
                if os.fork() == 0:
                    time.sleep(60)
            except BlockingIOError:
                return 3
        return 0

    assert ended(run_in(group, fork_too_much)) == 3


def test_out_of_memory_is_counted(machine: Layout, make: Callable[..., Cgroup]):
    group = make(machine, memory={"limit": 16 * MIB, "swap": 16 * MIB})
    assert not group.oom_killed()

    def eat() -> int:
        kept = []
        while True:
            kept.append(bytearray(MIB))

    assert ended(run_in(group, eat)) == -signal.SIGKILL
    until(group.oom_killed)
    assert group.oom_kills() >= 1


def test_a_limit_that_the_kernel_refuses_leaves_nothing(machine: Layout, parent: str):
    with pytest.raises(OSError) as caught:
        Cgroup.create(f"{parent}/refused", {"cpu": {"cpus": "4000"}}, machine)
    assert "cpuset.cpus" in caught.value.filename and "4000" in str(caught.value)
    group = Cgroup(f"{parent}/refused", machine)
    assert not any(Path(folder).exists() for _, folder in group.folders)
    Cgroup(parent, machine).remove_if_empty()


def test_a_process_is_born_in_its_group(unified: Layout, parent: str):
    folder = f"{unified.roots[0]}{parent}/born/deep"
    group = Cgroup(f"{parent}/born/deep", unified)
    assert open_group(folder) == -1
    fd = open_group(folder, make=True)
    ready, end = os.pipe()
    pid = fork_with_namespaces(CLONE_NEWUTS, fd)
    if pid == 0:
        os.close(end)
        os.read(ready, 1)
        os._exit(7)
    members = group.pids()
    os.close(end)
    assert ended(pid) == 7
    os.close(ready)
    close_group(fd)
    Cgroup(parent, unified).remove()
    assert members == [pid]


def test_what_is_no_group_takes_nobody_and_stops_nobody(tmp_path: Path):
    """An old kernel, a filter, a folder of another kind: the process is born beside its parent, and looks."""
    # In an interpreter of its own: who is cloned must have one thread.
    program = (
        "import os, sys\n"
        "from boxship.kernel.process import fork_with_namespaces\n"
        "pid = fork_with_namespaces(0, os.open(sys.argv[1], os.O_PATH))\n"
        "pid or os._exit(5)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "5\n"


def test_parents_stay_while_somebody_uses_them(machine: Layout, make: Callable[..., Cgroup], parent: str):
    make(machine)
    above = Cgroup(parent, machine)
    above.remove_if_empty()
    assert all(Path(folder).exists() for _, folder in above.folders)


def test_limits_of_a_group_in_use_change_and_a_failure_takes_all_back(
    machine: Layout, make: Callable[..., Cgroup]
) -> None:
    group = make(machine, memory={"limit": 32 * MIB, "swap": 64 * MIB}, pids={"limit": 20})
    file = "memory.limit_in_bytes" if machine.version == 1 else "memory.max"

    def limits() -> tuple[str, str]:
        return read(f"{group.folder('memory')}/{file}").strip(), read(f"{group.folder('pids')}/pids.max").strip()

    group.update({"memory": {"limit": 128 * MIB, "swap": 256 * MIB}, "pids": {"limit": -1}})
    assert limits() == (str(128 * MIB), "max")
    group.update({"memory": {"limit": 16 * MIB, "swap": 20 * MIB}, "pids": {"limit": 7}})
    assert limits() == (str(16 * MIB), "7")
    with pytest.raises(OSError):
        group.update({"memory": {"limit": 24 * MIB, "swap": 30 * MIB}, "pids": {"limit": 1 << 62}})
    assert limits() == (str(16 * MIB), "7")


def test_a_quota_holds_a_process_back(machine: Layout, make: Callable[..., Cgroup]):
    group = make(machine, cpu={"period": 10_000, "quota": 1_000})

    def burn() -> int:
        while True:
            pass

    pid = run_in(group, burn)

    def held_back() -> bool:
        lines = read(f"{group.folder('cpu')}/cpu.stat").splitlines()
        return int(dict(line.split() for line in lines)["nr_throttled"]) > 3

    until(held_back)
    group.kill_all()
    assert ended(pid) == -signal.SIGKILL


def test_a_cpuset_holds_a_process_in(machine: Layout, make: Callable[..., Cgroup]):
    group = make(machine, cpu={"cpus": "0", "mems": "0"})
    assert ended(run_in(group, lambda: 0 if os.sched_getaffinity(0) == {0} else 1)) == 0


def test_without_the_killer_processes_wait_for_memory(machine: Layout, make: Callable[..., Cgroup]):
    """v1 alone has that switch; v2 says so instead of leaving it out in silence."""
    limits = {"limit": 16 * MIB, "swap": 16 * MIB, "disableOOMKiller": True}
    if machine.version == 2:
        with pytest.raises(InvalidParameter, match="exist only with cgroup v1"):
            make(machine, memory=limits)
        return
    group = make(machine, memory=limits)

    def eat() -> int:
        kept = []
        while True:
            kept.append(bytearray(MIB))

    pid = run_in(group, eat)
    until(lambda: "under_oom 1" in read(f"{group.folder('memory')}/memory.oom_control"))
    assert os.waitpid(pid, os.WNOHANG) == (0, 0)
    assert group.oom_kills() == 0
    group.kill_all()
    assert ended(pid) == -signal.SIGKILL


@pytest.mark.parametrize("live", [False, True])
def test_a_kill_is_noticed_when_it_happens(machine: Layout, make: Callable[..., Cgroup], live: bool):
    """By the monitor's own watch; also one that was before it looked."""
    group = make(machine, memory={"limit": 16 * MIB, "swap": 16 * MIB})
    loop = Loop()
    watch = MemoryWatch(loop, group.folder("memory"), loop.stop)

    def eat() -> int:
        kept = []
        while True:
            kept.append(bytearray(MIB))

    if live:
        watch.begin()
    assert ended(run_in(group, eat)) == -signal.SIGKILL
    if not live:
        watch.begin()
    loop.after(30, loop.stop)
    loop.run()
    assert watch.kills == 1
    watch.end()
    loop.close()
