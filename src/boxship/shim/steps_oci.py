"""Steps that the engine's own containers never need: what else an OCI runtime spec may ask for."""

from __future__ import annotations

import errno
import os
import stat

from boxship.kernel import mount, process, scheduling
from boxship.shim.builder import Builder
from boxship.shim.failure import Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from boxship.shim.gate import Gate

_COPY_CHUNK = 1 << 20


def sources(builder: Builder, sources: list[dict[str, Any]]) -> None:
    """Open the shared mounts of the host while this namespace's tree is still their peer."""
    for number, source in enumerate(sources):
        builder.sources[number] = mount.clone_tree(source["source"], recursive=source["recursive"])


def time(builder: Builder, offsets: list[tuple[str, int, int]]) -> None:
    """A new time namespace. offsets: (clock, seconds, nanoseconds)."""
    process.enter_new_time_namespace(offsets)


def memory_policy(builder: Builder, mode: int, nodes: list[int]) -> None:
    """Which nodes this process and the program that it becomes get their memory from."""
    scheduling.set_memory_policy(mode, nodes)


def take(builder: Builder, number: int) -> int:
    """A mount that was opened before, by its number."""
    early = builder.sources.pop(number)
    try:
        # A copy made now comes after the mounts before it in mountinfo too, as the spec has them (Linux >= 6.15).
        late = mount.clone_fd(early, recursive=True)
    except OSError:
        return early
    os.close(early)
    return late


def remount(
    builder: Builder, target: str, add: int, clear: int, propagation: int, options: list[tuple[str, str | None]]
) -> None:
    """Change the mount at `target`, and its file system where it has options of its own."""
    place = builder.target(target, folder=True)
    try:
        if add or clear:
            mount.set_attributes(place, add=add, clear=clear)
        if propagation:
            mount.set_attributes(
                place, propagation=propagation & ~mount.MS_REC, recursive=bool(propagation & mount.MS_REC)
            )
        if options:
            mount.reconfigure(place, options)
    finally:
        os.close(place)


def chroot(builder: Builder, readonly: bool) -> None:
    """The root switch without a mount namespace of the container's own: the host's tree must stay as it is."""
    if readonly:
        mount.set_attributes(builder.root_fd, add=mount.MOUNT_ATTR_RDONLY)
    os.fchdir(builder.root_fd)
    os.chroot(".")
    builder.close()


def bind_device(builder: Builder, path: str, kind: int, number: int, place: int) -> None:
    """The host's own node of that name, where this process may make none (mknod(2) in a user namespace).

    kind: its stat.S_IFMT; number: its st_rdev; place: the file it goes on.
    """
    detached = mount.clone_tree(path, recursive=False)
    status = os.fstat(detached)
    if stat.S_IFMT(status.st_mode) != kind or status.st_rdev != number:
        os.close(detached)
        text = f"device {path}: it can't be made in a user namespace, and the host has something else of that name"
        raise Failed("device", errno.EPERM, path, text)
    mount.move(detached, place)


def runtime_hooks(builder: Builder) -> None:
    """The hooks prestart and createRuntime, which whoever makes the container runs."""
    _gate(builder).runtime_hooks()


def container_hooks(builder: Builder, hooks: list[dict[str, Any]]) -> None:
    """The hooks createContainer: in the container's namespaces, with the host's files still in reach."""
    _gate(builder).hooks("createContainer", hooks)


def _gate(builder: Builder) -> Gate:
    if builder.gate is None:
        raise Failed("hooks", errno.EINVAL, "", "hooks are run by `boxship oci` only")
    return builder.gate


def copy_up(covered: int, detached: int) -> None:
    """Copy what a folder holds into the file system that is going to cover it; owners, modes and times with it.

    covered: an O_PATH descriptor of the folder; detached: one of the mount. Links are copied, never followed.
    """
    source = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=covered)
    target = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=detached)
    _copy_folder(source, target)


def _copy_folder(source: int, target: int) -> None:
    """Both descriptors are closed."""
    try:
        for name in os.listdir(source):
            status = os.lstat(name, dir_fd=source)
            kind = stat.S_IFMT(status.st_mode)
            if kind == stat.S_IFLNK:
                os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
                os.chown(name, status.st_uid, status.st_gid, dir_fd=target, follow_symlinks=False)
                continue
            if kind == stat.S_IFDIR:
                os.mkdir(name, 0o700, dir_fd=target)
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                _copy_folder(os.open(name, flags, dir_fd=source), os.open(name, flags, dir_fd=target))
            elif kind == stat.S_IFREG:
                _copy_file(source, target, name)
            else:
                os.mknod(name, status.st_mode, status.st_rdev, dir_fd=target)
            os.chown(name, status.st_uid, status.st_gid, dir_fd=target, follow_symlinks=False)
            # After chown(2), which takes set-user-id bits away. Nobody else sees this mount: no link slips in here.
            os.chmod(name, stat.S_IMODE(status.st_mode), dir_fd=target)
            os.utime(name, ns=(status.st_atime_ns, status.st_mtime_ns), dir_fd=target, follow_symlinks=False)
    finally:
        os.close(source)
        os.close(target)


def _copy_file(source: int, target: int, name: str) -> None:
    reader = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=source)
    try:
        writer = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=target)
        try:
            while piece := os.read(reader, _COPY_CHUNK):
                view = memoryview(piece)
                while view:
                    view = view[os.write(writer, view) :]
        finally:
            os.close(writer)
    finally:
        os.close(reader)
