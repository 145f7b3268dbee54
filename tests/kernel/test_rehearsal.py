"""What the zygote rehearses before its first fork leaves nothing: it is a process that lives for months."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# In an interpreter of its own, as the zygote is.
REHEARSE = """
import _signal, json, os, sys, time
from boxship.kernel.process import ignore_signals
from boxship.shim.rehearsal import rehearse

def state():
    mounts = [line.split(" ")[4] for line in open("/proc/self/mountinfo") if sys.argv[1] in line]
    status = dict(line.rstrip("\\n").split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
    return {
        "fds": len(os.listdir("/proc/self/fd")),
        "files": sorted(os.listdir(sys.argv[1])),
        "children": open(f"/proc/self/task/{os.getpid()}/children").read(),
        "mounts": mounts,
        "path": [len(sys.path), len(sys.meta_path), len(sys.path_hooks)],
        "namespaces": [os.readlink(f"/proc/self/ns/{name}") for name in sorted(os.listdir("/proc/self/ns"))],
        "umask": status["Umask"],
        "capabilities": status["CapBnd"] + status["CapPrm"],
        "ignored": status["SigIgn"],
        "score": open("/proc/self/oom_score_adj").read(),
    }

ignore_signals(_signal.SIGINT, _signal.SIGHUP)
# The first one loads what is loaded once.
rehearse(sys.argv[1])
import gc; gc.collect()
before = state()
if len(sys.argv) > 2:
    os.makedirs(f"{sys.argv[1]}/rehearsal/group")
    open(f"{sys.argv[1]}/rehearsal/group/tasks", "w").close()
rehearse(sys.argv[1])
gc.collect()
print(json.dumps([before, state()]))
"""


@pytest.mark.parametrize("leftover", [[], ["leftover"]])
def test_it_leaves_nothing(tmp_path: Path, leftover: list[str]) -> None:
    """Nor does it stumble over what a rehearsal that was killed has left."""
    command = [sys.executable, "-c", REHEARSE, str(tmp_path), *leftover]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    before, after = json.loads(done.stdout)
    assert before == after
    assert after["files"] == [] and after["children"] == "" and after["mounts"] == []
    ignored = int(after["ignored"], 16)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        assert ignored >> number - 1 & 1


def test_where_nothing_can_be_mounted_the_zygote_comes_up_all_the_same(tmp_path: Path) -> None:
    command: list[Any] = ["unshare", "--user", "--map-root-user", sys.executable, "-c", REHEARSE, str(tmp_path)]
    os.chmod(tmp_path, 0o777)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "unshare failed" in done.stderr:
        pytest.skip("no user namespaces here")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[1]["files"] == []
