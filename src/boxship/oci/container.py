"""A container's folder below the runtime's root: what `create` left there, and what state the kernel says it is in.

state.json    the record: id, pid, bundle, …
config.json   the spec as it was at create; later changes in the bundle don't count
plan.json     its operations
start.sock    the gate, as long as the container waits for `start`
lock          held by whoever changes something
"""

from __future__ import annotations

import fcntl
import os

from boxship.kernel.cgroup import Cgroup, detect
from boxship.lib.atomic import write_atomic
from boxship.lib.errors import BoxshipError, Conflict, InvalidParameter, NotFound
from boxship.lib.plainjson import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OCI_VERSION = "1.3.0"
_ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.")
_ENDED = "ZX"


def check_id(container_id: str) -> None:
    """InvalidParameter unless it can be a folder's name; runc's rule."""
    if not container_id or container_id in (".", "..") or not set(container_id) <= _ID_CHARACTERS:
        raise InvalidParameter(f"invalid container id {container_id!r}: letters, digits and _ + - . are allowed")


class Container:
    """folder: its own; record: what state.json holds."""

    def __init__(self, folder: str, record: dict[str, Any]) -> None:
        self.folder = folder
        self.record = record

    @staticmethod
    def make(root: str, container_id: str) -> Container:
        """A new folder. Conflict when the id is taken."""
        check_id(container_id)
        os.makedirs(root, mode=0o700, exist_ok=True)
        folder = f"{root}/{container_id}"
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            raise Conflict(f"container with given ID already exists: {container_id}") from None
        return Container(folder, {"id": container_id, "pid": 0})

    @staticmethod
    def load(root: str, container_id: str) -> Container:
        """The container of that id. NotFound."""
        check_id(container_id)
        folder = f"{root}/{container_id}"
        try:
            with open(f"{folder}/state.json", "rb") as file:
                return Container(folder, decode(file.read()))
        except (FileNotFoundError, NotADirectoryError):
            if os.path.isdir(folder):
                # Its `create` is under way, or was killed.
                return Container(folder, {"id": container_id, "pid": 0, "made_cgroup": False})
            raise NotFound(f'container "{container_id}" does not exist') from None

    @property
    def id(self) -> str:
        found: str = self.record["id"]
        return found

    @property
    def pid(self) -> int:
        """Of the first process, as the runtime sees it; 0 when it never came into being."""
        pid: int = self.record["pid"]
        return pid

    def save(self) -> None:
        write_atomic(f"{self.folder}/state.json", encode(self.record), mode=0o600, durable=False)

    def spec(self) -> dict[str, Any]:
        """The spec that it was made from."""
        with open(f"{self.folder}/config.json", "rb") as file:
            spec: dict[str, Any] = decode(file.read())
        return spec

    def status(self) -> str:
        """creating, created, running, paused or stopped."""
        if not self.pid:
            return "stopped" if "bundle" not in self.record else "creating"
        if start_time(self.pid) != self.record["start_time"]:
            return "stopped"
        if self.record.get("creating"):
            return "creating"
        if os.path.exists(f"{self.folder}/start.sock"):
            return "created"
        cgroup = self.cgroup()
        return "paused" if cgroup is not None and _frozen(cgroup) else "running"

    def cgroup(self) -> Cgroup | None:
        """Its control group; None when it has none of its own."""
        path = self.record.get("cgroup")
        try:
            return Cgroup(path, detect()) if path else None
        except BoxshipError:
            # No control groups are mounted.
            return None

    def state(self, status: str = "") -> dict[str, Any]:
        """The state as runtime.md has it."""
        status = status or self.status()
        state = {
            "ociVersion": OCI_VERSION,
            "id": self.id,
            "status": status,
            "pid": 0 if status == "stopped" else self.pid,
            "bundle": self.record.get("bundle", ""),
        }
        if self.record.get("annotations"):
            state["annotations"] = self.record["annotations"]
        return state

    def locked(self) -> Lock:
        """A context: one operation at a time. NotFound when the container went meanwhile."""
        return Lock(self)

    def remove(self) -> None:
        """Remove the folder and the files that this runtime keeps in it: the id is free again."""
        for entry in os.scandir(self.folder):
            os.unlink(entry.path)
        os.rmdir(self.folder)


class Lock:
    """The lock of a container's folder."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._fd = -1

    def __enter__(self) -> None:
        try:
            self._fd = os.open(f"{self._container.folder}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            # Of the process, not of the open file: the container's first process must not inherit it.
            fcntl.lockf(self._fd, fcntl.LOCK_EX)
            if os.fstat(self._fd).st_nlink:
                return
            os.close(self._fd)
        except FileNotFoundError:
            pass
        raise NotFound(f'container "{self._container.id}" does not exist')

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def all_ids(root: str) -> list[str]:
    """The ids of the containers below a root, sorted."""
    try:
        return sorted(entry.name for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []


def start_time(pid: int) -> int:
    """When a process began, in clock ticks since boot (proc_pid_stat(5)); -1 when there is none or it has ended.

    With the pid it names a process for ever: pids are used again.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name, in parentheses, may hold anything.
            fields = file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return -1
    return -1 if fields[0].decode() in _ENDED else int(fields[19])


def _frozen(cgroup: Cgroup) -> bool:
    try:
        return cgroup.frozen()
    except (OSError, KeyError):
        # The group is gone, or nothing here freezes.
        return False
