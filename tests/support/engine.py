"""A Boxship daemon of the test's own: its roots, its socket, its log."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from boxship.app.config import DaemonConfig
from tests.support.api import Api
from tests.support.machine import (
    cgroup_processes,
    command_line,
    kill_process,
    open_process,
    processes_holding,
    remove_cgroups,
    remove_networks,
)

READY_WITHIN = 300.0


class Engine:
    """One engine on private roots. The data root lies under /var/tmp: EROFS files on a tmpfs are refused.

    through: a command that runs the daemon in surroundings of its own, and becomes it.
    """

    def __init__(self, *options: str, through: tuple[str, ...] = ()) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="boxship-test-", dir="/var/tmp"))
        self.data_root = self.base / "data"
        self.run_root = Path(tempfile.mkdtemp(prefix="bx-", dir="/run" if os.access("/run", os.W_OK) else "/tmp"))
        self.socket_path = str(self.run_root / "boxship.sock")
        self.log = self.base / "daemon.log"
        runtime = os.environ.get("BOXSHIP_TEST_RUNTIME", "")
        self.options = (*(("--default-runtime", runtime) if runtime else ()), *options)
        snapshotter = os.environ.get("BOXSHIP_TEST_SNAPSHOTTER", "")
        if snapshotter and "--snapshotter" not in options:
            self.options += ("--snapshotter", snapshotter)
        self.through = through
        self.process: subprocess.Popen[bytes] | None = None
        self.api = Api(self.socket_path)

    @property
    def host(self) -> str:
        """What DOCKER_HOST is to be."""
        return f"unix://{self.socket_path}"

    @property
    def instance(self) -> str:
        """The name that its cgroups bear."""
        config = DaemonConfig(data_root=str(self.data_root), run_root=str(self.run_root))
        return config.for_engine().instance

    @property
    def pid(self) -> int:
        """The daemon's pid."""
        assert self.process is not None, "the daemon was not started"
        return self.process.pid

    def start(self) -> Engine:
        """Start the daemon and wait until it answers."""
        command = [*self.through, sys.executable, "-m", "boxship", "daemon", "--data-root", str(self.data_root)]
        command += ["--run-root", str(self.run_root), *self.options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.tail()}")
            try:
                if self.api.request("GET", "/_ping", timeout=5).status == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"the daemon does not answer on {self.socket_path}:\n{self.tail()}")

    def kill(self) -> None:
        """End the daemon as a crash would; containers, monitors and the zygote stay."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)

    def terminate(self) -> int:
        """SIGTERM, as a service manager stops it; its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=60)

    def tail(self, lines: int = 60) -> str:
        """The end of the daemon's log."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def family(self) -> dict[int, str]:
        """Every process that belongs to this engine: pid -> command line."""
        inside = {pid: command_line(pid) for pid in cgroup_processes(self.instance)}
        return processes_holding(str(self.run_root)) | processes_holding(str(self.data_root)) | inside

    def empty(self) -> None:
        """Remove every container."""
        for container in self.api.request("GET", "/containers/json?all=1").json or []:
            self.api.request("DELETE", f"/containers/{container['Id']}?force=1&v=1")

    def close(self) -> None:
        """Stop everything of this engine and remove its files."""
        if self.process is not None and self.process.poll() is None:
            try:
                self.empty()
            except OSError:
                pass
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._end_family()
        remove_networks(self.instance, self.data_root)
        _unmount_below(self.base, self.run_root)
        remove_cgroups(self.instance)
        shutil.rmtree(self.run_root, ignore_errors=True)
        shutil.rmtree(self.base, ignore_errors=True)

    def _end_family(self) -> None:
        for _ in range(50):
            left = self.family()
            if not left:
                return
            handles = {pid: handle for pid in left if (handle := open_process(pid)) >= 0}
            # Looked at again behind the handle: a number that was given to somebody else meanwhile is spared.
            for pid in self.family().keys() & handles.keys():
                kill_process(handles[pid])
            for handle in handles.values():
                os.close(handle)
            time.sleep(0.05)


class Foreign:
    """An engine that is not ours, to hold the tests themselves against: nothing of it is stopped or removed."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.socket_path = host.removeprefix("unix://")
        self.api = Api(self.socket_path)

    def tail(self, lines: int = 60) -> str:
        """Its log is not ours to read."""
        return f"(the log of {self.host})"


def _unmount_below(*roots: Path) -> None:
    """Unmount what lies below some folders, the last mounted first."""
    for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
        point = line.split()[4]
        if any(point == str(root) or point.startswith(f"{root}/") for root in roots):
            subprocess.run(["umount", "-l", point], check=False, capture_output=True)
