"""`make vm`: the tests of kernel/, api/ and systemd/ in an emulated machine with systemd, cgroup v2 and AppArmor.

The emulated machine takes most of an hour, so the run goes on in the background: the log is .cache/vm.log, its end the
summary. `--wait` waits for it, `--show` tells how far it is; paths select tests. What is there already stays: the
machine's virtual environment is made again only for what has changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent
LOG = TREE / ".cache/vm.log"
THERE = "/root/boxship"
# One for each processor of the machine: the tests that take longest, and the rest.
SHARDS = (("tests/api",), ("tests/kernel", "tests/systemd"))
PACKAGES = "debootstrap e2fsprogs gcc iproute2 libc6-dev mount nftables openssl procps zsh tini"
OVER = "vm: over"
# ssh(1)
CONNECTION_FAILED = 255

# Run there. A test's own limit is for machines that are not emulated.
SCRIPT = """\
cd {there} || exit 1
make --quiet venv || exit 1
python3 -m tools.system {packages} || exit 1
python3 -m tools.clients >/dev/null || exit 1
number=0
for shard in {shards}; do
    number=$((number + 1))
    .venv/bin/pytest -v --timeout=900 --durations=15 -p no:cacheprovider $(echo "$shard" | tr , ' ') \\
        >/root/shard$number.log 2>&1 &
done
wait
"""


def main() -> int:
    """The exit code: 0 when all tests passed, and for a run that has begun and is not waited for."""
    words = sys.argv[1:]
    options = {word for word in words if word.startswith("--")}
    paths = tuple(word for word in words if not word.startswith("--"))
    machine = os.environ.get("VM", "")
    if not machine or options - {"--wait", "--show", "--here"}:
        print("vm: python -m tools.vm [--wait | --show] [PATH…], with the machine's script in $VM", file=sys.stderr)
        return 2
    if "--here" in options:
        return _run(machine, (paths,) if paths else SHARDS)
    if "--show" not in options and not _under_way():
        LOG.parent.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "tools.vm", "--here", *paths]
        with LOG.open("wb") as log:
            subprocess.Popen(
                command, cwd=TREE, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        print(f"vm: running in the background; the log is {LOG.relative_to(TREE)}")
        print("  to wait for it:      make vm ARGS=--wait\n  how far it is:       make vm ARGS=--show")
    while "--wait" in options and not _over():
        time.sleep(2)
    if options:
        print(_told(), end="")
    return 1 if _over() and not _told().rstrip().endswith("passed") else 0


def _told() -> str:
    return LOG.read_text(errors="replace") if LOG.exists() else ""


def _over() -> bool:
    return OVER in _told()


def _under_way() -> bool:
    """Whether a run is going on: it has the log open."""
    told = re.match(r"vm: pid (\d+)", _told())
    return told is not None and not _over() and os.path.exists(f"/proc/{told[1]}")


def _run(machine: str, shards: tuple[tuple[str, ...], ...]) -> int:
    """Boot, bring the tree, run the shards, and write the summary."""
    began = time.monotonic()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=TREE, capture_output=True, text=True, check=False
    )
    print(f"vm: pid {os.getpid()}, commit {commit.stdout.strip()}, {time.strftime('%Y-%m-%d %H:%M')}", flush=True)
    _call(machine, "up")
    _copy(machine)
    ready = time.monotonic()
    script = SCRIPT.format(there=THERE, packages=PACKAGES, shards=" ".join(f"'{','.join(paths)}'" for paths in shards))
    # Detached: the connection may break.
    _call(
        machine,
        "run",
        f"cat >/root/vm.sh <<'END'\n{script}END\nrm -f /root/vm.code; "
        "setsid sh -c 'sh /root/vm.sh; echo $? >/root/vm.code' </dev/null >/root/vm.log 2>&1 &",
    )
    while not (code := _call(machine, "run", "cat /root/vm.code 2>/dev/null || true").strip()):
        time.sleep(15)
    lines: list[str] = []
    for number in range(1, len(shards) + 1):
        lines += _call(machine, "run", f"cat /root/shard{number}.log").splitlines()
    print("\n".join(lines))
    failed, text = _summary(lines)
    minutes, before = (time.monotonic() - began) / 60, (ready - began) / 60
    good = code == "0" and not failed and bool(lines)
    print(f"\n{OVER} after {minutes:.0f} minutes ({before:.0f} to boot and copy)\n{text}")
    print("passed" if good else "FAILED")
    return 0 if good else 1


def _copy(machine: str) -> None:
    """The tree as git knows it, with what is not committed yet: not what was fetched or built here."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=TREE, capture_output=True, text=True, check=True).stdout.split("\0")
    with tempfile.TemporaryDirectory(prefix="boxship-vm-") as copy:
        for name in filter(None, names):
            if (TREE / name).is_file():
                place = Path(copy, name)
                place.parent.mkdir(parents=True, exist_ok=True)
                # With its time: what has not changed is not built again.
                shutil.copy2(TREE / name, place)
        _call(machine, "run", f"mkdir -p {THERE}; cd {THERE} && rm -rf src tests tools")
        _call(machine, "push", copy, THERE)


def _call(*words: str) -> str:
    """A command that may be given again: a machine that is emulated by a busy one misses a connection now and then."""
    for _ in range(20):
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != CONNECTION_FAILED:
            break
        time.sleep(5)
    done.check_returncode()
    return done.stdout


def _summary(lines: list[str]) -> tuple[bool, str]:
    """Whether something failed, and what to read: the shards' totals, failures, and what gave no fact."""
    totals = [line.strip("= ") for line in lines if re.search(r"\d+ (passed|failed|error)", line) and " in " in line]
    wrong = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    absent = [line for line in lines if "no fact" in line and "0 no fact" not in line]
    failed = bool(wrong) or not totals or any("failed" in total or "error" in total for total in totals)
    return failed, "\n".join([*totals, *wrong, *absent])


if __name__ == "__main__":
    sys.exit(main())
