"""Logs and the kernel: full disks, size limits, killed writers, readers beside a writer."""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.lib.logframe import LogTarget
from boxship.shim.logs import open_log
from boxship.storage.logs import LogChunk, LogFollower, LogQuery, read_log
from boxship.storage.logs.watch import LogWatcher


def lines(chunks: list[LogChunk]) -> list[bytes]:
    return [line for chunk in chunks for line in chunk.data.splitlines()]


def read(target: LogTarget) -> list[bytes]:
    return lines([chunk for batch in read_log(target, LogQuery()) for chunk in batch])


def in_child(work: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run Python code in a process of its own; it may spoil its namespaces and limits."""
    return subprocess.run([sys.executable, "-c", work, *arguments], capture_output=True, timeout=60, check=False)


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="boxship-logs-", dir="/var/tmp"))
    yield path
    shutil.rmtree(path)


FULL_DISK = """
import os, sys
from boxship.kernel import libc
from boxship.kernel.process import CLONE_NEWNS, unshare
from boxship.lib.logframe import LogTarget
from boxship.shim.logs import open_log
from boxship.storage.logs import LogQuery, read_log
driver, folder = sys.argv[1:]
unshare(CLONE_NEWNS)
libc.syscall("mount", b"none", b"/", None, 1 << 18 | 16384, None)
libc.syscall("mount", b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=256k")
target = LogTarget(driver, folder + "/log", 10 << 20, 3)
log = open_log(target)
ballast = folder + "/ballast"
log.write(1, b"before\\n")
with open(ballast, "wb", buffering=0) as out:
    try:
        while out.write(b"x" * 4096):
            pass
    except OSError:
        pass
said = b"a" * 99 + b"\\n"
for _ in range(200):
    log.write(1, said)
lost = log.lost
assert 0 < lost <= 200 * len(said), lost
os.unlink(ballast)
log.write(1, b"after\\n")
log.close()
found = b"".join(c.data for b in read_log(target, LogQuery()) for c in b).splitlines()
kept = (200 * len(said) - lost) // len(said)
notice = b"boxship: %d bytes of this log are lost: No space left on device" % lost
assert found == [b"before", *[said[:-1]] * kept, notice, b"after"], (found[-3:], kept, lost)
"""


@pytest.mark.parametrize("driver", ["local", "json-file"])
def test_a_full_disk_is_counted_and_the_log_goes_on(folder: Path, driver: str) -> None:
    done = in_child(FULL_DISK, driver, str(folder))
    assert (done.returncode, done.stderr) == (0, b"")


SIZE_LIMIT = """
import resource, sys
from boxship.lib.logframe import LogTarget
from boxship.shim.logs import open_log
target = LogTarget("local", sys.argv[1], 0, 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
log = open_log(target)
for number in range(300):
    log.write(1, b"%099d\\n" % number)
assert log.lost > 0
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.write(2, b"after\\n")
log.close()
"""


def test_a_write_cut_short_leaves_no_torn_frame(folder: Path) -> None:
    done = in_child(SIZE_LIMIT, str(folder / "log"))
    assert (done.returncode, done.stderr) == (0, b"")
    with LogFollower(LogTarget("local", str(folder / "log")), LogQuery()) as follower:
        found = lines(follower.next_batch())
        assert follower.damaged == 0
    kept = len(found) - 2
    assert found[:kept] == [b"%099d" % number for number in range(kept)]
    assert found[kept].startswith(b"boxship: %d bytes of this log are lost: " % ((300 - kept) * 100))
    assert found[-1] == b"after"


ENDLESS = """
import sys
from boxship.lib.logframe import LogTarget
from boxship.shim.logs import open_log
log = open_log(LogTarget(sys.argv[1], sys.argv[2], 1 << 20, 4))
print("writing", flush=True)
number = int(sys.argv[3])
while True:
    log.write(1, b"".join(b"%d\\n" % n for n in range(number, number + 500)))
    number += 500
"""


@pytest.mark.parametrize("driver", ["local", "json-file"])
def test_a_writer_killed_at_any_moment(folder: Path, driver: str) -> None:
    target = LogTarget(driver, str(folder / "log"), 1 << 20, 4)
    next_number = 0
    for _ in range(5):
        command = [sys.executable, "-c", ENDLESS, driver, target.path, str(next_number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            while not Path(f"{target.path}.1").exists():
                os.sched_yield()
            writer.send_signal(signal.SIGKILL)
        found = [int(line) for line in read(target) if not line.startswith(b"boxship: ")]
        assert found == list(range(found[0], found[-1] + 1)), "a gap, or a line twice"
        next_number = found[-1] + 1


BURSTS = """
import sys
from boxship.lib.logframe import LogTarget
from boxship.shim.logs import open_log
log = open_log(LogTarget(sys.argv[1], sys.argv[2], 20_000, 4))
number = 0
for line in sys.stdin:
    for _ in range(int(line)):
        log.write(1 + number % 2, b"%d\\n" % number)
        number += 1
    print(number, flush=True)
log.close()
"""


@pytest.mark.parametrize("driver", ["local", "json-file"])
def test_a_follower_loses_nothing_across_rotations(folder: Path, driver: str) -> None:
    """The writer waits for the follower once in a while, so that rotation never overtakes it."""
    target = LogTarget(driver, str(folder / "log"), 20_000, 4)
    watcher = LogWatcher()
    changes = []
    end = watcher.subscribe(target.path, lambda: changes.append(True))
    found: list[bytes] = []
    command = [sys.executable, "-c", BURSTS, driver, target.path]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as writer,
        LogFollower(target, LogQuery(follow=True)) as follower,
    ):
        assert writer.stdin is not None
        assert writer.stdout is not None
        total = 0
        for burst in (1, 50, 300, 700, 1, 900, 400, 3) * 6:
            writer.stdin.write(b"%d\n" % burst)
            total += burst
            while len(found) < total:
                batch = follower.next_batch()
                found += lines(batch)
                if not batch:
                    assert select.select([watcher.fd], [], [], 30)[0], "a write that nobody told"
                    watcher.dispatch()
        writer.stdin.close()
        writer.wait(30)
    assert changes
    assert [int(line) for line in found] == list(range(total))
    assert Path(f"{target.path}.3").exists()
    end()
    end()
    watcher.close()


def test_many_logs_share_one_inotify_instance(folder: Path) -> None:
    watcher = LogWatcher()
    told: list[int] = []
    for number in range(200):
        (folder / str(number)).mkdir()
        watcher.subscribe(str(folder / str(number) / "log"), lambda number=number: told.append(number))
    second = watcher.subscribe(str(folder / "7" / "log"), lambda: told.append(-7))
    log = open_log(LogTarget("local", str(folder / "7" / "log")))
    log.write(1, b"x\n")
    watcher.dispatch()
    assert sorted(told) == [-7, 7]
    second()
    told.clear()
    log.write(1, b"x\n")
    log.close()
    watcher.dispatch()
    assert told == [7]
    # A folder that goes takes its watch along.
    told.clear()
    shutil.rmtree(folder / "7")
    watcher.dispatch()
    assert told == [7]
    watcher.dispatch()
    assert told == [7]
    watcher.close()
