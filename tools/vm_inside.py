"""In the emulated machine: runs files of tests, one pytest a file and one file a processor, and keeps each result.

`python -m tools.vm_inside RESULTS FILE…`: a file has `NAME.log`, `NAME.xml` (JUnit) and, once it has ended, `NAME.code`
in RESULTS; one that has a `.code` is not run again, so that a run which was broken off goes on where it stood.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from tools.vm_results import slug

# Seconds. A test's own limit is for machines that are not emulated; a file's is for what no test's limit ends.
TEST_LIMIT = 900
FILE_LIMIT = 4000
TIMED_OUT = 124


def main() -> int:
    """Run what has no result yet; 0, whatever the tests say."""
    results, files = Path(sys.argv[1]), sys.argv[2:]
    results.mkdir(parents=True, exist_ok=True)
    # Loaded once: its imports take most of a short file's time here.
    import hypothesis  # noqa: F401
    import pytest  # noqa: F401

    waiting = [name for name in files if not (results / f"{slug(name)}.code").exists()]
    running: dict[int, tuple[str, float]] = {}
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            name = waiting.pop(0)
            running[_begin(name, results)] = name, time.monotonic()
        for pid, (name, began) in list(running.items()):
            code = _ended(pid, began)
            if code is None:
                continue
            del running[pid]
            fresh = results / f"{slug(name)}.new"
            fresh.write_text(f"{code} {time.monotonic() - began:.0f}\n")
            fresh.rename(results / f"{slug(name)}.code")
        time.sleep(0.5)
    return 0


def _begin(name: str, results: Path) -> int:
    """Fork a pytest of that file, in a session of its own."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        log = os.open(results / f"{slug(name)}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        import pytest

        options = ["-v", f"--timeout={TEST_LIMIT}", "--durations=5", "-p", "no:cacheprovider"]
        code = int(pytest.main([*options, f"--junitxml={results / slug(name)}.xml", name]))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _ended(pid: int, began: float) -> int | None:
    """Its exit code; None while it runs."""
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        return os.waitstatus_to_exitcode(status)
    if time.monotonic() - began < FILE_LIMIT:
        return None
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return TIMED_OUT


if __name__ == "__main__":
    sys.exit(main())
