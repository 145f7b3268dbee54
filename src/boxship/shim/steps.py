"""The steps of a plan, carried out inside the new container before its program starts.

One function a step. They run in the container's first process, in its new namespaces; nothing is imported here at
run time, since the image's files are in reach after the root switch.
"""

from __future__ import annotations

import errno
import os
import stat

from boxship.kernel import mount, process
from boxship.kernel.inroot import plain_folder
from boxship.shim import steps_oci, steps_proc
from boxship.shim.builder import Builder, is_proc
from boxship.shim.failure import Failed
from boxship.shim.pty import open_pty

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def propagation(builder: Builder, flags: int) -> None:
    # Slave, not private: what the host unmounts later must not stay busy in here.
    mount.set_propagation("/", flags)


def unshare(builder: Builder, flags: int) -> None:
    process.unshare(flags)


def loopback(builder: Builder) -> None:
    process.loopback_up()


def hostname(builder: Builder, name: str) -> None:
    process.set_hostname(name)


def domainname(builder: Builder, name: str) -> None:
    process.set_domainname(name)


def _enter_root(builder: Builder, target: str, detached: int) -> None:
    # The detached mount's descriptor leads to it wherever it is put.
    builder.root_fd = os.dup(detached)
    builder.root_path = target
    try:
        place = os.open(target, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        # In a user namespace whose root may not go there. On top of / it serves as well: pivot_root lets it be.
        place = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        mount.move(detached, place)
    finally:
        os.close(place)


def overlay(builder: Builder, target: str, lower: list[str], upper: str, work: str, early: int = -1) -> None:
    detached = mount.overlay(lower, upper, work) if early < 0 else builder.sources.pop(early)
    _enter_root(builder, target, detached)


def root(builder: Builder, path: str, early: int = -1, private: bool = False) -> None:
    # pivot_root wants the new root to be a mount point.
    detached = mount.clone_tree(path, recursive=True) if early < 0 else builder.sources.pop(early)
    if private:
        mount.set_attributes(detached, propagation=mount.MS_PRIVATE, recursive=True)
    _enter_root(builder, path, detached)


def _set_propagation(fd: int, flags: int) -> None:
    mount.set_attributes(fd, propagation=flags & ~mount.MS_REC, recursive=bool(flags & mount.MS_REC))


def mount_(
    builder: Builder,
    kind: str,
    source: str,
    target: str,
    attributes: int,
    options: list[tuple[str, str | None]],
    propagation: int,
    copy_up: bool = False,
) -> None:
    if kind in ("proc", "sysfs"):
        _kernel_files(builder, kind, source, target, attributes, options, propagation)
        return
    if is_proc(target):
        raise builder.unsafe(source, target, "it is not of type proc")
    covered = builder.existing(target)
    if covered >= 0:
        if kind == "tmpfs" and not any(key == "mode" for key, _ in options):
            # A tmpfs over a folder of the image takes that folder's mode; elsewhere it has its own default.
            options = [*options, ("mode", f"{stat.S_IMODE(os.fstat(covered).st_mode):o}")]
        os.close(covered)
    place = builder.place(source, target, folder=True)
    try:
        detached = mount.mount_filesystem(kind, [("source", source), *options], attributes)
        if copy_up:
            steps_oci.copy_up(place, detached)
        if propagation:
            _set_propagation(detached, propagation)
        mount.move(detached, place)
    finally:
        os.close(place)


def _kernel_files(
    builder: Builder,
    kind: str,
    source: str,
    target: str,
    attributes: int,
    options: list[tuple[str, str | None]],
    propagation: int,
) -> None:
    """proc and sysfs: what is protected later lies in them, so no link of the image may choose where they are."""
    try:
        place = plain_folder(builder.root_fd, target)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        text = (
            f'error mounting "{source}" to rootfs at "{target}": filesystem "{source}" must be mounted on ordinary '
            "directory"
        )
        raise Failed("mount", error.errno, target, text) from None
    try:
        detached = mount.mount_filesystem(kind, [("source", source), *options], attributes)
        if propagation:
            _set_propagation(detached, propagation)
        if kind == "proc" and is_proc(target):
            builder.keep_proc(detached)
        mount.move(detached, place)
    finally:
        os.close(place)


def _clone_source(source: str, recursive: bool) -> int:
    try:
        return mount.clone_tree(source, recursive=recursive)
    except FileNotFoundError:
        raise Failed("bind", errno.ENOENT, source, f"mount source {source}: no such file or directory") from None


def bind(
    builder: Builder,
    source: str,
    target: str,
    recursive: bool,
    add: int,
    clear: int,
    recursive_add: int,
    propagation: int,
    recursive_clear: int = 0,
    early: int = -1,
) -> None:
    detached = _clone_source(source, recursive) if early < 0 else steps_oci.take(builder, early)
    try:
        folder = stat.S_ISDIR(os.fstat(detached).st_mode)
        # The clone came out of a slave tree; Docker's binds are private unless asked.
        wanted = propagation or (mount.MS_PRIVATE | mount.MS_REC)
        _set_propagation(detached, wanted)
        if add or clear:
            mount.set_attributes(detached, add=add, clear=clear)
        if recursive_add or recursive_clear:
            mount.set_attributes(detached, add=recursive_add, clear=recursive_clear, recursive=True)
        if is_proc(target) and not mount.is_procfs(detached):
            raise builder.unsafe(source, target, "it is not of type proc")
        place = builder.place(source, target, folder=folder)
    except (OSError, Failed):
        os.close(detached)
        raise
    try:
        mount.move(detached, place)
    finally:
        os.close(place)


def joined_shm(builder: Builder, namespace: str, target: str) -> None:
    """The /dev/shm of a running container whose IPC namespace is joined. namespace: the path of its mount namespace.

    Only inside may one of its mounts be cloned (open_tree(2)); a link there leads nowhere outside, and none is taken.
    """
    own = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    other = -1
    try:
        other = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
        process.setns(other, process.CLONE_NEWNS)
        try:
            detached = mount.clone_tree("/dev/shm", recursive=False, follow=False)
        finally:
            process.setns(own, process.CLONE_NEWNS)
    finally:
        os.close(own)
        if other >= 0:
            os.close(other)
    try:
        _set_propagation(detached, mount.MS_PRIVATE)
        place = builder.place("shm", target, folder=True)
        try:
            mount.move(detached, place)
        finally:
            os.close(place)
    except (OSError, Failed):
        os.close(detached)
        raise


def cgroup_mount(builder: Builder, target: str, attributes: int, private: bool) -> None:
    place = builder.place("cgroup", target, folder=True)
    try:
        if len(builder.cgroups) == 1 and builder.cgroups[0][0].endswith("/cgroup"):
            # The unified hierarchy alone: one mount. With a private namespace its root is the container's own.
            if private:
                detached = mount.mount_filesystem("cgroup2", [("source", "cgroup")], attributes)
            else:
                detached = mount.clone_tree(builder.cgroups[0][0], recursive=False)
                mount.set_attributes(detached, add=attributes)
            mount.move(detached, place)
            return
        flags = attributes & ~mount.MOUNT_ATTR_RDONLY
        detached = mount.mount_filesystem("tmpfs", [("source", "tmpfs"), ("mode", "755")], flags)
        # The tmpfs is fresh and nobody else's, and reached by its mount: names in it need no careful look.
        inside = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=detached)
        mount.move(detached, place)
    finally:
        os.close(place)
    try:
        for mountpoint, folder in builder.cgroups:
            name = mountpoint.rsplit("/", 1)[1]
            os.mkdir(name, 0o755, dir_fd=inside)
            detached = mount.clone_tree(folder, recursive=False)
            mount.set_attributes(detached, add=attributes, propagation=mount.MS_PRIVATE)
            place = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=inside)
            try:
                mount.move(detached, place)
            finally:
                os.close(place)
    finally:
        os.close(inside)


def device(builder: Builder, path: str, kind: str, major: int, minor: int, mode: int, uid: int, gid: int) -> None:
    kinds = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK, "p": stat.S_IFIFO}
    folder, name = os.path.split(path)
    parent = builder.folder(folder)
    try:
        os.mknod(name, kinds[kind] | mode, os.makedev(major, minor), dir_fd=parent)
    except PermissionError:
        place = builder.target(path, folder=False)
        try:
            steps_oci.bind_device(builder, path, kinds[kind], os.makedev(major, minor), place)
        finally:
            os.close(place)
        return
    except FileExistsError:
        # A bound /dev, or an image without one of its own: it must be what was asked for.
        status = os.lstat(name, dir_fd=parent)
        if stat.S_IFMT(status.st_mode) != kinds[kind] or status.st_rdev != os.makedev(major, minor):
            text = f"device {path}: the container's /dev has something else of that name"
            raise Failed("device", errno.EEXIST, path, text) from None
        return
    if uid or gid:
        os.chown(name, uid, gid, dir_fd=parent)


def symlink(builder: Builder, target: str, path: str) -> None:
    folder, name = os.path.split(path)
    try:
        os.symlink(target, name, dir_fd=builder.folder(folder))
    except FileExistsError:
        # The image brings its own.
        pass


def console(builder: Builder) -> None:
    """The container's terminal: a pty of its own devpts, whose slave also lies on /dev/console."""
    assert builder.console is not None
    builder.slave_fd = open_pty(builder.root_fd, builder.size, builder.console)
    place = builder.place("console", "/dev/console", folder=False)
    try:
        mount.move(mount.clone_fd(builder.slave_fd, recursive=False), place)
    finally:
        os.close(place)


def workdir(builder: Builder, path: str) -> None:
    fd = builder.target(path, folder=True)
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            raise Failed("workdir", errno.ENOTDIR, path, f"Cannot mkdir: {path} is not a directory")
    finally:
        os.close(fd)


def pivot(builder: Builder, readonly: bool, propagation: int = 0, no_pivot: bool = False) -> None:
    if readonly:
        mount.set_attributes(builder.root_fd, add=mount.MOUNT_ATTR_RDONLY)
    if no_pivot:
        mount.move_root(builder.root_fd)
    else:
        mount.pivot_root(builder.root_fd)
    if propagation:
        # Only now: before, the root's peers would have been the host's.
        mount.set_propagation("/", propagation)
    builder.close()


STEPS: dict[str, Callable[..., None]] = {
    "propagation": propagation,
    "unshare": unshare,
    "loopback": loopback,
    "hostname": hostname,
    "domainname": domainname,
    "overlay": overlay,
    "root": root,
    "mount": mount_,
    "bind": bind,
    "cgroup_mount": cgroup_mount,
    "joined_shm": joined_shm,
    "device": device,
    "symlink": symlink,
    "console": console,
    "sysctl": steps_proc.sysctl,
    "readonly": steps_proc.readonly,
    "mask": steps_proc.mask,
    "workdir": workdir,
    "pivot": pivot,
    "chroot": steps_oci.chroot,
    "sources": steps_oci.sources,
    "time": steps_oci.time,
    "memory_policy": steps_oci.memory_policy,
    "remount": steps_oci.remount,
    "runtime_hooks": steps_oci.runtime_hooks,
    "container_hooks": steps_oci.container_hooks,
}


def run_step(builder: Builder, name: str, arguments: dict[str, Any]) -> None:
    """Carry out one step. OSError or Failed."""
    STEPS[name](builder, **arguments)
