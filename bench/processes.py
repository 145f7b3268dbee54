"""Which processes make up an engine, and what memory they have for themselves."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

from bench.errors import MeasurementFailed
from bench.side import Side


def pss(pids: list[int]) -> int:
    """Proportional set size of processes, in bytes (Pss in /proc/PID/smaps_rollup, proc_pid_smaps(5))."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def engine_pids(side: Side) -> list[int]:
    """The engine's own processes: those that hold its socket, and the peer's containerd."""
    holders = _holders(side.socket_path)
    if side.name == "ours":
        return holders
    return holders + [pid for pid in _same_root(holders[0]) if _name(pid) == "containerd"]


def container_pids(side: Side) -> list[int]:
    """The processes that stand behind the running containers: our monitors, the peer's shims."""
    holders = _holders(side.socket_path)
    if side.name == "ours":
        return [pid for pid in _pids() if _parent(pid) in holders]
    return [pid for pid in _same_root(holders[0]) if _name(pid).startswith("containerd-shim")]


def describe(pids: list[int]) -> str:
    """Names and pids, for the report."""
    return ", ".join(f"{_name(pid)} {pid}" for pid in pids)


def _holders(socket_path: str) -> list[int]:
    """The processes that hold a listening unix socket; the socket may lie in another network namespace."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(socket_path)
        creator, _, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    inodes: set[str] = set()
    for namespace in (str(creator), "self"):
        try:
            table = Path(f"/proc/{namespace}/net/unix").read_text().splitlines()[1:]
        except OSError:
            # Whoever bound the socket may be gone.
            continue
        for line in table:
            words = line.split()
            # The path is as its binder saw it, in a root of its own perhaps. 00010000 is "listening".
            listening = len(words) == 8 and words[3] == "00010000"
            if listening and (socket_path.endswith(words[7]) or Path(words[7]).name == Path(socket_path).name):
                inodes.add(f"socket:[{words[6]}]")
    found = [pid for pid in _pids() if _holds(pid, inodes)]
    if creator in found:
        # Sockets of the same name elsewhere are not this engine's.
        own = {inode for inode in inodes if _holds(creator, {inode})}
        found = [creator] + [pid for pid in found if pid != creator and _holds(pid, own)]
    if not found:
        raise MeasurementFailed(f"nobody is seen to hold {socket_path}: is it in another pid namespace?")
    return found


def _pids() -> list[int]:
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def _holds(pid: int, inodes: set[str]) -> bool:
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return False
    for descriptor in descriptors:
        try:
            if os.readlink(f"/proc/{pid}/fd/{descriptor}") in inodes:
                return True
        except OSError:
            continue
    return False


def _same_root(pid: int) -> list[int]:
    """Processes in the mount namespace of `pid`."""
    wanted = os.readlink(f"/proc/{pid}/ns/mnt")
    found = []
    for other in _pids():
        try:
            if os.readlink(f"/proc/{other}/ns/mnt") == wanted:
                found.append(other)
        except OSError:
            continue
    return found


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
