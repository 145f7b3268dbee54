"""A fresh journaled ext4 on a loop device: what a store costs depends on what was deleted on its file system before."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

from bench.errors import MeasurementFailed

_SIZE = 12 << 30


class FreshDisk:
    """Use as a context manager. folder: where it is mounted. Takes what is written to it below /var/tmp."""

    def __init__(self) -> None:
        self._base = Path(tempfile.mkdtemp(prefix="boxship-bench-disk-", dir="/var/tmp"))
        self.folder = self._base / "mounted"

    def __enter__(self) -> FreshDisk:
        self.folder.mkdir()
        image = self._base / "image"
        with image.open("wb") as file:
            os.truncate(file.fileno(), _SIZE)
        try:
            _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
            _run("mount", "-o", "loop", str(image), str(self.folder))
        except MeasurementFailed:
            shutil.rmtree(self._base, ignore_errors=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _run("umount", str(self.folder))
        shutil.rmtree(self._base, ignore_errors=True)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasurementFailed(f"{' '.join(command)}: {done.stderr.strip()}")
