"""The client starts the daemon where nobody has: once, clean, and only for the default socket.

The default folders are bind mounts in a mount namespace of the test's own, so that the machine's stay untouched.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.machine import command_line, pids

DEFAULTS = ("/run/boxship", "/var/lib/boxship")


class Private:
    """Folders that stand in for the default ones, and what runs on them."""

    def __init__(self, base: Path) -> None:
        self.run_root, self.data_root = base / "run", base / "data"
        for folder in (self.run_root, self.data_root):
            folder.mkdir()

    def shell(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a script where the default folders are ours; $boxship is the program."""
        note = f"readlink /proc/self/ns/mnt >> {self.run_root.parent}/namespaces"
        mounts = f"mount --bind {self.run_root} /run/boxship && mount --bind {self.data_root} /var/lib/boxship"
        environment = {"PATH": os.environ["PATH"], "boxship": f"{sys.executable} -m boxship", **variables}
        return subprocess.run(
            ["unshare", "-m", "--propagation", "private", "sh", "-c", f"{note} && {mounts} && {script}"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def processes(self) -> dict[int, str]:
        """What runs in the mount namespaces that the scripts made: pid -> command line."""
        made = set((self.run_root.parent / "namespaces").read_text().split())
        return {pid: command_line(pid) for pid in pids() if _mount_namespace(pid) in made}

    def end(self) -> None:
        """End all of it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + 10
            while (left := self.processes()) and time.monotonic() < deadline:
                for pid in left:
                    try:
                        os.kill(pid, number)
                    except ProcessLookupError:
                        pass
                time.sleep(0.1)
        assert not self.processes(), "the daemon does not end"


def _mount_namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/mnt")
    except OSError:
        return ""


@pytest.fixture
def private() -> Iterator[Private]:
    made = [folder for folder in DEFAULTS if not Path(folder).exists()]
    for folder in made:
        Path(folder).mkdir(parents=True)
    base = Path(tempfile.mkdtemp(prefix="boxship-test-", dir="/var/tmp"))
    private = Private(base)
    yield private
    private.end()
    shutil.rmtree(base, ignore_errors=True)
    for folder in made:
        Path(folder).rmdir()


def test_two_clients_start_one_daemon(private: Private) -> None:
    said = private.shell(
        "$boxship ps -q & $boxship images -q & wait; $boxship info --format {{.ServerVersion}}; "
        "grep -c 'listens on' /run/boxship/daemon.log",
        SECRET="not for daemons",
    )
    assert said.returncode == 0, said.stderr
    version, count = said.stdout.split()
    assert (bool(version), count) == (True, "1")
    daemons = [pid for pid, line in private.processes().items() if line.split()[-1:] == ["daemon"]]
    assert len(daemons) == 1
    assert os.getsid(daemons[0]) != os.getsid(0)
    environment = Path(f"/proc/{daemons[0]}/environ").read_bytes().split(b"\0")
    assert not any(entry.startswith((b"SECRET=", b"boxship=")) for entry in environment)
    assert os.readlink(f"/proc/{daemons[0]}/cwd") == "/"


def test_a_named_host_is_never_started(private: Private) -> None:
    said = private.shell("$boxship -H unix:///run/boxship/other.sock ps")
    assert (said.returncode, "Is the daemon running?" in said.stderr) == (1, True)
    assert not private.processes()
