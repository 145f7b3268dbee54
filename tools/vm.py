"""`make vm`: the tests of kernel/, api/ and systemd/ in an emulated machine with systemd, cgroup v2 and AppArmor.

The emulated machine takes most of an hour, so the run goes on in the background: the log is .cache/vm/log, its end the
summary. `--wait` waits for it, `--show` tells what is known of each file; paths select tests. Each file's result is
kept in .cache/vm/results: a run takes those that have not passed at this state of the tree, so one that was broken off,
or has failed, is simply started again (`--fresh`: all of them). What the machine has of an earlier run stays there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.vm_results import Result, load, read_result, save, slug, summary, to_run

TREE = Path(__file__).resolve().parent.parent
HOME = TREE / ".cache/vm"
LOG, LOCK, RESULTS = HOME / "log", HOME / "lock", HOME / "results"
THERE = "/root/boxship"
PATHS = ("tests/api", "tests/kernel", "tests/systemd")
# ssh(1)
CONNECTION_FAILED = 255
# Seconds. A busy host has the emulated machine miss connections for minutes; one that is silent for longer is gone.
CALL_LIMIT, SILENCE = 1800, 900
BOOTS = 4

# OpenSSH 9.8 and later turn away a host whose connections were broken off, which those to a slow machine are.
PATIENT = (
    "mkdir -p /etc/ssh/sshd_config.d; cd /etc/ssh/sshd_config.d; [ -e tests.conf ] || "
    "{ echo 'PerSourcePenalties no' >tests.conf; sshd -t 2>/dev/null && systemctl reload ssh || rm tests.conf; }"
)
STOP = "systemctl stop boxship-tests 2>/dev/null;"
# Detached: connections break. The unit's limits: the tests run out of memory and of processes on purpose.
START = (
    "systemctl reset-failed boxship-tests 2>/dev/null; systemctl is-active --quiet boxship-tests || "
    "systemd-run --quiet --unit=boxship-tests --working-directory={there} -p OOMPolicy=continue -p TasksMax=infinity "
    "-p Delegate=yes -p LimitNOFILE=1048576 -p KillMode=control-group --setenv=HOME=/root --setenv=LANG=C.UTF-8 "
    "sh -c {inside}"
)
# Made again only for what has changed.
INSIDE = "make --quiet ready >/root/prepare.log 2>&1 && exec .venv/bin/python -m tools.vm_inside {results} {files}"


class Unreachable(Exception):
    """The machine does not answer any more."""


def main() -> int:
    """The exit code: 0 when all tests passed, and for a run that has begun and is not waited for."""
    words = sys.argv[1:]
    options = {word for word in words if word.startswith("--")}
    paths = tuple(word for word in words if not word.startswith("--")) or PATHS
    machine = os.environ.get("VM", "")
    if not machine or options - {"--wait", "--show", "--fresh", "--here"}:
        print("vm: python -m tools.vm [--wait | --show] [--fresh] [PATH…], its script in $VM", file=sys.stderr)
        return 2
    RESULTS.mkdir(parents=True, exist_ok=True)
    if "--here" in options:
        return _run(Machine(machine), paths, fresh="--fresh" in options)
    if "--show" in options:
        print(summary(files(paths), load(RESULTS))[1])
        print("a run is under way" if _under_way() else "no run is under way")
        return 0
    if not _under_way():
        command = [sys.executable, "-m", "tools.vm", "--here", *sorted(options - {"--wait"}), *paths]
        with LOG.open("wb") as log, LOCK.open("wb") as lock:
            # Held by the run as long as it lives: it inherits the open file.
            fcntl.flock(lock, fcntl.LOCK_EX)
            subprocess.Popen(
                command,
                cwd=TREE,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock.fileno()],
            )
        print(f"vm: running in the background; the log is {LOG.relative_to(TREE)}")
        print("  to wait for it:      make vm ARGS=--wait\n  how far it is:       make vm ARGS=--show")
    if "--wait" not in options:
        return 0
    while _under_way():
        time.sleep(2)
    told = LOG.read_text(errors="replace")
    print(told, end="")
    return 0 if told.rstrip().endswith("\npassed") else 1


def _under_way() -> bool:
    """Whether a run is going on: it holds the lock."""
    with LOCK.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


class Machine:
    """The emulated machine, by its script: every call may be given again, and is, while no connection comes about."""

    def __init__(self, script: str, silence: float = SILENCE) -> None:
        self.script, self.silence = script, silence

    def call(self, *words: str, given: bytes = b"") -> bytes:
        """What a command of the script printed; Unreachable, or CalledProcessError when it fails for another reason."""
        deadline = time.monotonic() + self.silence
        while True:
            code, told = self._once(words, given)
            if code == 0:
                return told
            if code not in (CONNECTION_FAILED, None):
                raise subprocess.CalledProcessError(code, words[:2], told)
            if time.monotonic() > deadline:
                raise Unreachable(words[0])
            time.sleep(min(5, self.silence / 4))

    def _once(self, words: tuple[str, ...], given: bytes) -> tuple[int | None, bytes]:
        """The exit code (None when it took too long) and the output."""
        with subprocess.Popen(
            [self.script, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            try:
                told, _ = process.communicate(given, timeout=CALL_LIMIT)
            except subprocess.TimeoutExpired:
                # ssh, too, which waits for a machine that hangs.
                os.killpg(process.pid, signal.SIGKILL)
                return None, process.communicate()[0]
        return process.returncode, told

    def run(self, command: str, given: bytes = b"") -> bytes:
        """A shell's command line in the machine."""
        return self.call("run", command, given=given)

    def boot(self) -> None:
        """Have it running and answering; its own way to wait is as short as a quiet host needs."""
        for _ in range(BOOTS):
            try:
                self.call("up")
                self.run("true")
                return
            except (Unreachable, subprocess.CalledProcessError) as error:
                print(f"vm: it does not come up ({error}); once more", flush=True)
                self.call("kill")
        raise Unreachable("up")


def files(paths: tuple[str, ...]) -> list[str]:
    """The files of tests below the paths."""
    found: list[str] = []
    for path in paths:
        folder = TREE / path
        below = sorted(folder.rglob("test_*.py")) if folder.is_dir() else [folder]
        found += [str(file.relative_to(TREE)) for file in below]
    return found


def _run(machine: Machine, paths: tuple[str, ...], *, fresh: bool) -> int:
    """Boot, bring the tree, run what has not passed yet, and write the summary."""
    began = time.monotonic()
    selected, tree = files(paths), ""
    for boot in range(BOOTS):
        try:
            with tempfile.TemporaryDirectory(prefix="boxship-vm-") as copy:
                tree = copy_tree(Path(copy))
                state = tree, _commit(), time.strftime("%Y-%m-%d")
                left = selected if fresh and not boot else to_run(selected, load(RESULTS), tree)
                print(f"vm: {len(left)} of {len(selected)} files at {state[1]}, {time.strftime('%H:%M')}", flush=True)
                machine.boot()
                machine.run(PATIENT)
                machine.run(f"{STOP} mkdir -p {THERE}; cd {THERE} && rm -rf src tests tools")
                machine.call("push", copy, THERE)
            _follow(machine, left, state)
            break
        except Unreachable:
            print("vm: the machine is gone; it is booted again, and goes on with what has no result", flush=True)
            machine.call("kill")
        except subprocess.CalledProcessError as error:
            print(f"vm: {error}; once more", flush=True)
            time.sleep(30)
    good, text = summary(selected, {k: v for k, v in load(RESULTS).items() if k in selected})
    current = all(result.tree == tree for file, result in load(RESULTS).items() if file in selected)
    print(f"\nvm: over after {(time.monotonic() - began) / 60:.0f} minutes\n{text}")
    print("passed" if good and current else "FAILED")
    return 0 if good and current else 1


def _follow(machine: Machine, left: list[str], state: tuple[str, str, str]) -> None:
    """Start the tests there, detached, and fetch each file's result as it comes."""
    # Of this run alone: a machine that is booted again goes on with it.
    results = f"/root/results/{state[0]}-{os.getpid()}"
    waiting = dict.fromkeys(left)
    before = len(waiting) + 1
    # A run that ended without a result for any of them would end so again.
    while 0 < len(waiting) < before:
        before = len(waiting)
        inside = INSIDE.format(results=results, files=shlex.join(waiting))
        machine.run(START.format(there=THERE, inside=shlex.quote(inside)))
        active = True
        while active and waiting:
            time.sleep(15)
            told = machine.run(f"systemctl is-active boxship-tests; mkdir -p {results}; ls {results}").decode().split()
            active = told[0] in ("active", "activating")
            for file in [file for file in waiting if f"{slug(file)}.code" in told]:
                _fetch(machine, file, f"{results}/{slug(file)}", state)
                del waiting[file]
        if len(waiting) == before:
            print(machine.run("tail -30 /root/prepare.log; journalctl -u boxship-tests -n 30 --no-pager").decode())


def _fetch(machine: Machine, file: str, place: str, state: tuple[str, str, str]) -> Result:
    parts = {ending: machine.run(f"cat {place}.{ending} 2>/dev/null || true") for ending in ("code", "xml", "log")}
    code, report, log = (parts[ending].decode(errors="replace") for ending in ("code", "xml", "log"))
    (RESULTS / f"{slug(file)}.log").write_text(log)
    result = read_result(file, state, code, report, log)
    save(RESULTS, result)
    print(f"{'ok    ' if result.good else 'FAILED'} {file} ({result.passed} in {result.seconds} s)", flush=True)
    return result


def copy_tree(copy: Path) -> str:
    """The tree as git knows it, with what is not committed yet; returns a digest of its content."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=TREE, capture_output=True, text=True, check=True).stdout.split("\0")
    digest = hashlib.sha256()
    for name in sorted(filter(None, names)):
        if (TREE / name).is_file():
            place = copy / name
            place.parent.mkdir(parents=True, exist_ok=True)
            # With its time: what has not changed is not built again.
            shutil.copy2(TREE / name, place)
            if not name.startswith(("docs/", "bench/")):
                digest.update(name.encode() + b"\0" + hashlib.sha256(place.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _commit() -> str:
    words = ["git", "describe", "--always", "--dirty=+"]
    return subprocess.run(words, cwd=TREE, capture_output=True, text=True, check=False).stdout.strip() or "no commit"


if __name__ == "__main__":
    sys.exit(main())
