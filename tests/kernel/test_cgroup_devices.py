"""Limits on a disk and on huge pages, measured by the group's own counters: what came through, not how long it took."""

from __future__ import annotations

import errno
import faulthandler
import mmap
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from boxship.kernel.cgroup import Cgroup, Layout
from boxship.kernel.cgroup.files import read
from tests.support.groups import ended, run_in, until

BLOCK = 64 << 10
SLOW_BYTES, SLOW_CALLS = 256 << 10, 20
HUGE = 2 << 20
MAP_HUGETLB = 0x40000


@pytest.fixture
def file() -> Iterator[Path]:
    """A file on the disk that /var/tmp lies on."""
    path = Path(f"/var/tmp/boxship-test-{os.getpid()}.throttled")
    path.write_bytes(os.urandom(1 << 20) * 8)
    os.sync()
    yield path
    path.unlink()


def disk_of(path: Path) -> tuple[int, int]:
    """The whole disk below a file: throttles name no partition."""
    device = path.stat().st_dev
    found = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    if not found.exists():
        pytest.skip(f"{path.parent} lies on no block device")
    if (found / "partition").exists():
        found = found.resolve().parent
    major, _, minor = (found / "dev").read_text().strip().partition(":")
    return int(major), int(minor)


def counted(group: Cgroup, disk: tuple[int, int], what: str) -> int:
    """Bytes or calls (`rbytes`, `wios` and so on) that the group has had from a disk."""
    name = f"{disk[0]}:{disk[1]}"
    if group.layout.version == 2:
        for line in read(f"{group.folder('io')}/io.stat").splitlines():
            if line.startswith(f"{name} "):
                # A disk that has only a limit so far has nothing behind its name.
                return int(dict(pair.split("=") for pair in line.split()[1:]).get(what, 0))
        return 0
    file = "blkio.throttle.io_service_bytes" if what.endswith("bytes") else "blkio.throttle.io_serviced"
    word = f"{name} {'Read' if what[0] == 'r' else 'Write'} "
    lines = read(f"{group.folder('blkio')}/{file}").splitlines()
    return sum(int(line.removeprefix(word)) for line in lines if line.startswith(word))


@pytest.mark.parametrize(
    ("limit", "what", "rate"),
    [
        ("throttleReadBpsDevice", "rbytes", SLOW_BYTES),
        ("throttleWriteBpsDevice", "wbytes", SLOW_BYTES),
        ("throttleReadIOPSDevice", "rios", SLOW_CALLS),
        ("throttleWriteIOPSDevice", "wios", SLOW_CALLS),
    ],
)
def test_a_disk_is_throttled(
    machine: Layout, make: Callable[..., Cgroup], file: Path, limit: str, what: str, rate: int
) -> None:
    """No more than the rate has come through since the beginning, whenever one looks; without a limit all has."""
    controller = "io" if machine.version == 2 else "blkio"
    if controller not in machine.controllers:
        pytest.skip(f"the control group controller {controller} is not available on this machine")
    disk = disk_of(file)
    group = make(machine, blockIO={limit: [{"major": disk[0], "minor": disk[1], "rate": rate}]})
    reading = what[0] == "r"

    def work() -> int:
        # Past the page cache: the kernel counts who asks, not who writes back.
        fd = os.open(file, (os.O_RDONLY if reading else os.O_WRONLY) | os.O_DIRECT)
        block = mmap.mmap(-1, BLOCK if what.endswith("bytes") else 4096)
        while True:
            for place in range(0, 4 << 20, len(block)):
                os.preadv(fd, [block], place) if reading else os.pwritev(fd, [block], place)

    began = time.monotonic()
    pid = run_in(group, work)
    until(lambda: counted(group, disk, what) >= rate)
    came = counted(group, disk, what)
    seconds = time.monotonic() - began
    group.kill_all()
    assert ended(pid) == -signal.SIGKILL
    assert came <= rate * (1.2 * seconds + 0.4)


def test_a_disk_that_is_not_there_is_named(machine: Layout, parent: str) -> None:
    """The kernel's ENODEV is about the device, not about the group."""
    controller = "io" if machine.version == 2 else "blkio"
    if controller not in machine.controllers:
        pytest.skip(f"the control group controller {controller} is not available on this machine")
    with pytest.raises(OSError, match="write '4000:9 ") as caught:
        block = {"throttleReadBpsDevice": [{"major": 4000, "minor": 9, "rate": 1}]}
        Cgroup.create(f"{parent}/refused", {"blockIO": block}, machine)
    Cgroup(parent, machine).remove_if_empty()
    assert caught.value.errno == errno.ENODEV


@pytest.fixture
def hugetlb(machine: Layout, tmp_path: Path) -> Iterator[Layout]:
    """A hierarchy with the hugetlb controller: the machine's, v2 beside v1, or one of the test's own."""
    if "hugetlb" in machine.controllers:
        yield machine
        return
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    for root in (fields[1] for fields in mounts if fields[2] == "cgroup2"):
        if "hugetlb" in read(f"{root}/cgroup.controllers").split():
            yield Layout(2, {"hugetlb": root, "freezer": root, "devices": root}, [root])
            return
    root = str(tmp_path / "hugetlb")
    os.mkdir(root)
    mounted = subprocess.run(["mount", "-t", "cgroup", "-o", "hugetlb", "none", root], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("the control group controller hugetlb is not available on this machine")
    yield Layout(1, {"hugetlb": root}, [root])
    subprocess.run(["umount", root], check=True)


@pytest.fixture
def huge_pages() -> Iterator[None]:
    """Four huge pages that nobody else has asked for."""
    path = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")
    if not path.exists():
        pytest.skip("this kernel has no huge pages of 2 MiB")
    before = int(path.read_text())
    path.write_text(str(before + 4))
    try:
        if int(path.read_text()) < before + 4:
            pytest.skip("this machine has no memory in pieces of 2 MiB left")
        yield
    finally:
        path.write_text(str(before))


def test_huge_pages_end_at_the_limit(
    hugetlb: Layout, huge_pages: None, parent: str, request: pytest.FixtureRequest
) -> None:
    """The page beyond it ends the process with SIGBUS, and the group has counted that."""
    path = f"{parent}-huge"
    group = Cgroup.create(path, {"hugepageLimits": [{"pageSize": "2MB", "limit": 2 * HUGE}]}, hugetlb)
    request.addfinalizer(group.remove)

    def take(pages: int) -> int:
        # pytest's would tell of the signal.
        faulthandler.disable()
        memory = mmap.mmap(-1, 3 * HUGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_HUGETLB)
        for page in range(pages):
            memory[page * HUGE] = 1
        return 0

    assert ended(run_in(group, lambda: take(2))) == 0
    assert ended(run_in(group, lambda: take(3))) == -signal.SIGBUS
    folder = group.folder("hugetlb")
    file = f"{folder}/hugetlb.2MB.events" if hugetlb.version == 2 else f"{folder}/hugetlb.2MB.failcnt"
    assert int(read(file).split()[-1]) >= 1
