"""The zygote's entry: `python -I -S -c … <listener fd> <run folder>`; started by runtime/launch/spawn.py only."""

from __future__ import annotations

import sys

from boxship.app.jobs import JOBS
from boxship.shim import zygote


def main() -> None:
    zygote.main(int(sys.argv[1]), sys.argv[2], JOBS)
