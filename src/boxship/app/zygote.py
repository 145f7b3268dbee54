"""The zygote's entry: `python … <listener fd> <run folder> <open files>`; runtime/launch/spawn.py alone starts it."""

from __future__ import annotations

import resource
import sys

from boxship.app.jobs import JOBS
from boxship.shim import zygote


def main() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[3]), resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    zygote.main(int(sys.argv[1]), sys.argv[2], JOBS)
