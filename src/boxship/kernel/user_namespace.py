"""User namespaces: their mappings, and one of them for a mount (user_namespaces(7))."""

from __future__ import annotations

import os

from boxship.kernel.process import CLONE_NEWUSER, fork_with_namespaces

TYPE_CHECKING = False
if TYPE_CHECKING:
    # containerID, hostID and size of OCI's LinuxIDMapping.
    Mapping = dict[str, int]


def mapping_lines(maps: list[Mapping]) -> bytes:
    """The content of a uid_map or gid_map file."""
    return "".join(f"{one['containerID']} {one['hostID']} {one['size']}\n" for one in maps).encode()


def write_mappings(pid: int, uids: list[Mapping], gids: list[Mapping]) -> None:
    """Map the ids of a process that has just entered a new user namespace; once per namespace.

    Without CAP_SETGID in the parent namespace setgroups(2) is taken from it first, since the kernel asks that.
    OSError: EPERM when the caller may not map these, EINVAL for maps that overlap.
    """
    _write(f"/proc/{pid}/uid_map", mapping_lines(uids))
    try:
        _write(f"/proc/{pid}/gid_map", mapping_lines(gids))
    except PermissionError:
        _write(f"/proc/{pid}/setgroups", b"deny")
        _write(f"/proc/{pid}/gid_map", mapping_lines(gids))


def make_mapped(uids: list[Mapping], gids: list[Mapping]) -> int:
    """A descriptor of a new user namespace with these mappings, for `mount.map_ids`. Nobody lives in it."""
    ready, end = os.pipe2(os.O_CLOEXEC)
    pid = fork_with_namespaces(CLONE_NEWUSER)
    if pid == 0:
        os.close(end)
        os.read(ready, 1)
        os._exit(0)
    try:
        write_mappings(pid, uids, gids)
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(ready)
        os.close(end)
        os.waitpid(pid, 0)


def _write(path: str, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, data)
    except OSError as error:
        raise OSError(error.errno, f"write {data.decode().strip()!r}: {os.strerror(error.errno or 0)}", path) from None
    finally:
        os.close(fd)
