"""A Boxship daemon for the time of the measurements, on roots of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from bench.api import Api
from bench.errors import MeasurementFailed
from bench.processes import engine_pids
from bench.side import Side

_READY_WITHIN = 60.0


class Daemon:
    """Use as a context manager. host: its address. Data lie under /var/tmp: EROFS files on a tmpfs are refused.

    through: a command that runs it in other surroundings, and becomes it. data: where its data lie instead. options:
    of the daemon.
    """

    def __init__(self, through: Sequence[str] = (), data: Path | None = None, options: Sequence[str] = ()) -> None:
        self._through = list(through)
        self._options = list(options)
        self.base = Path(tempfile.mkdtemp(prefix="boxship-bench-", dir="/var/tmp"))
        self.socket_path = str(self.base / "run/boxship.sock")
        self.host = f"unix://{self.socket_path}"
        self._data = (data or self.base) / "data"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Daemon:
        command = [*self._through, sys.executable, "-m", "boxship", "daemon", *self._options]
        command += ["--data-root", str(self._data), "--run-root", str(self.base / "run")]
        log = self.base / "daemon.log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with Api(self.socket_path, timeout=5) as api:
                    api.call("GET", "/version")
                return self
            except (OSError, MeasurementFailed):
                time.sleep(0.05)
        said = log.read_text(errors="replace")[-2000:]
        self.__exit__(None, None, None)
        raise MeasurementFailed(f"our daemon does not answer:\n{said}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        side = Side("ours", self.host, "", "", "")
        try:
            helpers = [pid for pid in engine_pids(side) if pid != self._process.pid]
        except (MeasurementFailed, OSError):
            helpers = []
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        # The zygote outlives its daemon on purpose.
        for pid in helpers:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        for folder in (self.base, self._data):
            _unmount_below(folder)
        shutil.rmtree(self.base, ignore_errors=True)


def _unmount_below(root: Path) -> None:
    for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
        point = line.split()[4]
        if point.startswith(f"{root}/"):
            subprocess.run(["umount", "-l", point], check=False, capture_output=True)
