"""What an engine could leave behind on a machine, read from the kernel; before and after are compared."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path


def command_line(pid: int) -> str:
    """A process's command line, or its name in brackets; "" when it is gone."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        return words or "[" + Path(f"/proc/{pid}/comm").read_text().strip() + "]"
    except OSError:
        return ""


def pids() -> list[int]:
    """All processes of this pid namespace."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def processes_holding(text: str) -> dict[int, str]:
    """Processes that name a path in their command line or hold a file below it: pid -> command line."""
    found: dict[int, str] = {}
    for pid in pids():
        if pid == os.getpid():
            continue
        words = command_line(pid)
        if text in words or _holds(pid, text):
            found[pid] = words
    return found


def _holds(pid: int, text: str) -> bool:
    try:
        if text in os.readlink(f"/proc/{pid}/cwd"):
            return True
        return any(text in os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return False


def files_below(*roots: Path) -> set[str]:
    """All files and folders below these; what goes meanwhile is no error."""
    found = set()
    for root in roots:
        for folder, folders, files in os.walk(root):
            found |= {f"{folder}/{name}" for name in (*folders, *files)}
    return found


def mounts() -> frozenset[str]:
    """The mount points of this mount namespace, each with its type."""
    found = set()
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        found.add(f"{before.split()[4]} ({after.split()[0]})")
    return frozenset(found)


def namespaces() -> frozenset[str]:
    """Every namespace that some process is in, or that is bound to a file under /run/netns."""
    found = set()
    for pid in pids():
        for kind in ("mnt", "net", "pid", "ipc", "uts", "cgroup", "user"):
            try:
                found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
            except OSError:
                continue
    return frozenset(found)


def links() -> frozenset[str]:
    """Network devices of this network namespace."""
    return frozenset(os.listdir("/sys/class/net"))


def netns_files() -> frozenset[str]:
    """Named network namespaces."""
    folder = Path("/run/netns")
    return frozenset(os.listdir(folder)) if folder.exists() else frozenset()


def remove_networks(instance: str, data_root: Path) -> None:
    """What a killed engine has left of its networks: bridges and its table of packet rules."""
    devices = {f"bx{instance}"}
    if (data_root / "state.db").exists():
        with closing(sqlite3.connect(data_root / "state.db")) as connection:
            try:
                rows = connection.execute("SELECT record FROM networks").fetchall()
            except sqlite3.Error:
                rows = []
        devices |= {json.loads(row[0]).get("device", "") for row in rows}
    for device in devices & links():
        subprocess.run(["ip", "link", "del", device], check=False)
    if f"inet boxship-{instance}" in "\n".join(nft_tables()):
        subprocess.run(["nft", "delete", "table", "inet", f"boxship-{instance}"], check=False)


def nft_tables() -> frozenset[str]:
    """nftables' tables; empty where there is no `nft`."""
    try:
        said = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return frozenset()
    return frozenset(said.stdout.splitlines())


def cgroups() -> frozenset[str]:
    """Every cgroup, in each hierarchy."""
    found = set()
    for folder, _, _ in os.walk("/sys/fs/cgroup"):
        found.add(folder)
    return frozenset(found)


def cgroup_processes(name: str) -> set[int]:
    """The processes in every cgroup whose path has this name in it."""
    found: set[int] = set()
    for folder in (path for path in cgroups() if name in path):
        try:
            found |= {int(pid) for pid in Path(folder, "cgroup.procs").read_text().split()}
        except OSError:
            continue
    return found


def open_process(pid: int) -> int:
    """A pidfd, which names this process and no later one of the same number; -1 when it is gone."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        return -1


def kill_process(handle: int) -> None:
    """SIGKILL by a pidfd."""
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        pass


def remove_cgroups(name: str) -> None:
    """Remove every cgroup below one of this name, and it; those in use stay."""
    for folder in sorted((path for path in cgroups() if name in path), key=len, reverse=True):
        try:
            os.rmdir(folder)
        except OSError:
            pass


def loop_devices() -> frozenset[str]:
    """Loop devices in use."""
    return frozenset(path.name for path in Path("/sys/block").glob("loop*") if (path / "loop/backing_file").exists())


def files(*roots: Path) -> frozenset[str]:
    """Every file below some folders."""
    found = set()
    for root in roots:
        for folder, below, names in os.walk(root):
            found |= {str(Path(folder, name)) for name in (*below, *names)}
    return frozenset(found)


@dataclass(frozen=True)
class Machine:
    """A reading of everything an engine can leave behind."""

    mounts: frozenset[str]
    namespaces: frozenset[str]
    links: frozenset[str]
    netns: frozenset[str]
    tables: frozenset[str]
    cgroups: frozenset[str]
    loops: frozenset[str]
    processes: frozenset[str]
    files: frozenset[str]


def reading(*roots: Path, owner: str = "") -> Machine:
    """Read the machine. roots: folders whose files count; owner: only processes that hold a path with this text count.

    Namespaces and cgroups of other programs come and go: a test compares only what is still there a moment later.
    """
    held = processes_holding(owner) if owner else {}
    return Machine(
        mounts(),
        namespaces(),
        links(),
        netns_files(),
        nft_tables(),
        cgroups(),
        loop_devices(),
        frozenset(f"{pid} {words}" for pid, words in held.items()),
        files(*roots),
    )


def left_over(
    before: Machine,
    *roots: Path,
    owner: str = "",
    mine: str = "",
    spare: str | tuple[str, ...] = (),
    patience: float = 10.0,
) -> list[str]:
    """What is there now and was not before, once it has had `patience` seconds to go.

    mine: a text that names this engine in mounts, cgroups, tables and links; without it any new one counts;
    spare: the end of what may be there, such as the engine's own cgroup while it runs.
    """
    deadline = time.monotonic() + patience
    while True:
        now = reading(*roots, owner=owner)
        found = []
        for field in fields(Machine):
            if field.name == "namespaces":
                continue
            new = getattr(now, field.name) - getattr(before, field.name)
            if mine and field.name in ("mounts", "cgroups", "tables", "links", "netns", "loops"):
                new = {item for item in new if mine in item}
            found += [f"{field.name}: {item}" for item in sorted(new) if not item.endswith(spare)]
        if not found or time.monotonic() >= deadline:
            return found
        time.sleep(0.1)
