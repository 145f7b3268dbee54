"""What the steps of a plan share: the new root, and safe ways to places in it."""

from __future__ import annotations

import _socket
import errno
import os

from boxship.kernel.inroot import is_null, make_in_root, open_in_root, open_on_mount
from boxship.shim.failure import Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxship.shim.gate import Gate

# The files of /proc that a mount may cover: lxcfs and its like have their own. runc's list.
_COVERABLE = frozenset(
    "/proc/" + name
    for name in (
        "cpuinfo",
        "diskstats",
        "loadavg",
        "meminfo",
        "net/dev",
        "slabinfo",
        "stat",
        "swaps",
        "sys/crypto/fips_enabled",
        "sys/kernel/ns_last_pid",
        "uptime",
    )
)


def is_proc(target: str) -> bool:
    """Whether a mount goes on /proc itself."""
    return target.strip("/") == "proc"


class Builder:
    """What the steps share while they build one container's root."""

    def __init__(self, cgroups: list[tuple[str, str]], console: _socket.socket | None) -> None:
        """cgroups: (controller's mount point, this container's folder there); console: takes the pty's master."""
        self.cgroups = cgroups
        self.console = console
        self.root_fd = -1
        self.root_path = ""
        # The container's own procfs, by its mount and not by a name that the image or a volume could bend.
        self.proc_fd = -1
        self._proc_device = -1
        self._null_fd = -1
        self.slave_fd = -1
        self._folders: dict[str, int] = {}
        self.size: tuple[int, int] = (0, 0)
        # Mounts that were made before the first step, by the number that their step knows.
        self.sources: dict[int, int] = {}
        self.gate: Gate | None = None

    def target(self, path: str, *, folder: bool) -> int:
        return make_in_root(self.root_fd, path, folder=folder)

    def place(self, source: str, path: str, *, folder: bool) -> int:
        """Where a mount goes: not over what the kernel tells in /proc, whatever links lead there."""
        name = "/" + path.strip("/")
        if name.startswith("/proc/") and name not in _COVERABLE:
            raise self.unsafe(source, path, "it is inside /proc")
        place = self.target(path, folder=folder)
        if self.proc_fd >= 0 and os.fstat(place).st_dev == self._proc_device and name not in _COVERABLE:
            os.close(place)
            raise self.unsafe(source, path, "it is inside /proc")
        return place

    def unsafe(self, source: str, path: str, why: str) -> Failed:
        """The refusal of a mount in or on /proc, in Docker's words."""
        text = (
            f'error mounting "{source}" to rootfs at "{path}": create mountpoint for {path} mount: check proc-safety '
            f'of {path} mount: "{self.root_path}{path}" cannot be mounted because {why}'
        )
        return Failed("mount", errno.EPERM, path, text)

    def keep_proc(self, detached: int) -> None:
        """`detached`: the mount of procfs that goes on /proc; it stays the caller's."""
        self.proc_fd = os.dup(detached)
        self._proc_device = os.fstat(detached).st_dev

    def folder(self, path: str) -> int:
        """A descriptor of a folder in which several things are made; the builder's to close."""
        if path not in self._folders:
            place = self.target(path, folder=True)
            try:
                self._folders[path] = open_in_root(place, ".", os.O_RDONLY | os.O_DIRECTORY)
            finally:
                os.close(place)
        return self._folders[path]

    def existing(self, path: str) -> int:
        """An O_PATH descriptor of what is at `path`, -1 when nothing is."""
        try:
            if self.proc_fd >= 0 and path.startswith("/proc/"):
                try:
                    return open_on_mount(self.proc_fd, path[len("/proc/") :], os.O_PATH)
                except OSError as error:
                    # A link of procfs itself, or a mount that was asked for on top.
                    if error.errno not in (errno.ELOOP, errno.EXDEV):
                        raise
            return open_in_root(self.root_fd, path, os.O_PATH)
        except (FileNotFoundError, NotADirectoryError):
            # A kernel without that file has nothing to hide there.
            return -1

    def null(self, path: str) -> int:
        """An O_PATH descriptor of the container's /dev/null, to cover `path` with; the builder's to close. Failed."""
        if self._null_fd < 0:
            self._null_fd = open_in_root(self.root_fd, "/dev/null", os.O_PATH)
            if not is_null(self._null_fd):
                text = f"can't mask paths: mask {path}: the container's /dev/null is not the null device"
                raise Failed("mask", errno.ENODEV, path, text)
        return self._null_fd

    def close(self) -> None:
        for fd in (self.root_fd, self.proc_fd, self._null_fd, *self._folders.values()):
            if fd >= 0:
                os.close(fd)
