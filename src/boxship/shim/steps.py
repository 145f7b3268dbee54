"""The steps of a plan, carried out inside the new container before its program starts.

One function a step. They run in the container's first process, in its new namespaces; nothing is imported here at
run time, since the image's files are in reach after the root switch.
"""

from __future__ import annotations

import _socket
import errno
import fcntl
import os
import stat
import struct
import termios

from boxship.kernel import mount, process
from boxship.kernel.inroot import make_in_root, open_in_root
from boxship.shim.failure import Failed
from boxship.shim.wire import send_packet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# asm-generic/ioctls.h; the termios module lacks them.
TIOCGPTN = 0x80045430
TIOCSPTLCK = 0x40045431


class Builder:
    """What the steps share while they build one container's root."""

    def __init__(self, cgroups: list[tuple[str, str]], console: _socket.socket | None) -> None:
        """cgroups: (controller's mount point, this container's folder there); console: takes the pty's master."""
        self.cgroups = cgroups
        self.console = console
        self.root_fd = -1
        self.slave_fd = -1
        self._folders: dict[str, int] = {}
        self.size: tuple[int, int] = (0, 0)
        self.owner = 0

    def run(self, name: str, arguments: dict[str, Any]) -> None:
        STEPS[name](self, **arguments)

    def target(self, path: str, *, folder: bool) -> int:
        return make_in_root(self.root_fd, path, folder=folder)

    def folder(self, path: str) -> int:
        """A descriptor of a folder in which several things are made; the builder's to close."""
        if path not in self._folders:
            place = self.target(path, folder=True)
            try:
                self._folders[path] = open_in_root(place, ".", os.O_RDONLY | os.O_DIRECTORY)
            finally:
                os.close(place)
        return self._folders[path]

    def close(self) -> None:
        for fd in (self.root_fd, *self._folders.values()):
            os.close(fd)


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
    place = os.open(target, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        mount.move(detached, place)
    finally:
        os.close(place)
    builder.root_fd = os.open(target, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def overlay(builder: Builder, target: str, lower: list[str], upper: str, work: str) -> None:
    _enter_root(builder, target, mount.overlay(lower, upper, work))


def root(builder: Builder, path: str) -> None:
    # pivot_root wants the new root to be a mount point.
    _enter_root(builder, path, mount.clone_tree(path, recursive=True))


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
) -> None:
    covered = _existing(builder, target)
    if covered >= 0:
        if kind == "tmpfs" and not any(key == "mode" for key, _ in options):
            # A tmpfs over a folder of the image takes that folder's mode; elsewhere it has its own default.
            options = [*options, ("mode", f"{stat.S_IMODE(os.fstat(covered).st_mode):o}")]
        os.close(covered)
    place = builder.target(target, folder=True)
    try:
        detached = mount.mount_filesystem(kind, [("source", source), *options], attributes)
        if propagation:
            _set_propagation(detached, propagation)
        mount.move(detached, place)
    finally:
        os.close(place)


def bind(
    builder: Builder,
    source: str,
    target: str,
    recursive: bool,
    add: int,
    clear: int,
    recursive_add: int,
    propagation: int,
) -> None:
    folder = stat.S_ISDIR(os.stat(source).st_mode)
    detached = mount.clone_tree(source, recursive=recursive)
    try:
        # The clone came out of a slave tree; Docker's binds are private unless asked.
        wanted = propagation or (mount.MS_PRIVATE | mount.MS_REC)
        _set_propagation(detached, wanted)
        if add or clear:
            mount.set_attributes(detached, add=add, clear=clear)
        if recursive_add:
            mount.set_attributes(detached, add=recursive_add, recursive=True)
        place = builder.target(target, folder=folder)
    except OSError:
        os.close(detached)
        raise
    try:
        mount.move(detached, place)
    finally:
        os.close(place)


def cgroup_mount(builder: Builder, target: str, attributes: int, private: bool) -> None:
    place = builder.target(target, folder=True)
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
        mount.move(mount.mount_filesystem("tmpfs", [("source", "tmpfs"), ("mode", "755")], flags), place)
    finally:
        os.close(place)
    # The tmpfs is fresh and nobody else's: names in it need no careful look.
    inside = open_in_root(builder.root_fd, target, os.O_RDONLY | os.O_DIRECTORY)
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
    except FileExistsError:
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


def open_pty(root_fd: int, size: tuple[int, int], receiver: _socket.socket) -> tuple[int, str]:
    """Open a pty in the devpts under `root_fd`; its master goes to `receiver`, its slave to the caller.

    size: (rows, columns), (0, 0) to leave it.
    """
    master = open_in_root(root_fd, "/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY)
    try:
        number = struct.unpack("i", fcntl.ioctl(master, TIOCGPTN, b"\0" * 4))[0]
        fcntl.ioctl(master, TIOCSPTLCK, struct.pack("i", 0))
        path = f"/dev/pts/{number}"
        slave = open_in_root(root_fd, path, os.O_RDWR | os.O_NOCTTY)
        if size != (0, 0):
            set_size(master, *size)
        send_packet(receiver, b"\0", [master])
    finally:
        os.close(master)
    return slave, path


def console(builder: Builder) -> None:
    """The container's terminal: a pty of its own devpts, whose slave also lies on /dev/console."""
    assert builder.console is not None
    builder.slave_fd, path = open_pty(builder.root_fd, builder.size, builder.console)
    source = open_in_root(builder.root_fd, path, os.O_PATH)
    try:
        detached = mount.clone_fd(source, recursive=False)
        place = builder.target("/dev/console", folder=False)
    finally:
        os.close(source)
    try:
        mount.move(detached, place)
    finally:
        os.close(place)


def set_size(fd: int, height: int, width: int) -> None:
    """The size of a terminal in characters (ioctl_tty(2))."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", height, width, 0, 0))


def sysctl(builder: Builder, key: str, value: str) -> None:
    # `net.ipv4.conf.eth0/1.x` style keys: both separators are in use; `/` inside a dotted name stands for a dot.
    parts = key.replace(".", "\0").replace("/", ".").split("\0") if "/" in key and "." in key else None
    path = "/proc/sys/" + ("/".join(parts) if parts else key.replace(".", "/"))
    fd = open_in_root(builder.root_fd, path, os.O_WRONLY)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def _existing(builder: Builder, path: str) -> int:
    try:
        return open_in_root(builder.root_fd, path, os.O_PATH)
    except (FileNotFoundError, NotADirectoryError):
        # A kernel without that file has nothing to hide there.
        return -1


def readonly(builder: Builder, path: str) -> None:
    place = _existing(builder, path)
    if place < 0:
        return
    try:
        detached = mount.clone_fd(place, recursive=True)
        mount.set_attributes(detached, add=mount.MOUNT_ATTR_RDONLY, recursive=True)
        mount.move(detached, place)
    finally:
        os.close(place)


def mask(builder: Builder, path: str) -> None:
    place = _existing(builder, path)
    if place < 0:
        return
    try:
        if stat.S_ISDIR(os.fstat(place).st_mode):
            options: list[tuple[str, str | None]] = [("source", "tmpfs"), ("size", "4k"), ("nr_inodes", "1")]
            mount.move(mount.mount_filesystem("tmpfs", options, mount.MOUNT_ATTR_RDONLY), place)
            return
        null = open_in_root(builder.root_fd, "/dev/null", os.O_PATH)
        try:
            detached = mount.clone_fd(null, recursive=False)
        finally:
            os.close(null)
        mount.move(detached, place)
    finally:
        os.close(place)


def workdir(builder: Builder, path: str) -> None:
    fd = builder.target(path, folder=True)
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            raise Failed("workdir", errno.ENOTDIR, path, f"Cannot mkdir: {path} is not a directory")
    finally:
        os.close(fd)


def pivot(builder: Builder, readonly: bool) -> None:
    if readonly:
        mount.set_attributes(builder.root_fd, add=mount.MOUNT_ATTR_RDONLY)
    mount.pivot_root(builder.root_fd)
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
    "device": device,
    "symlink": symlink,
    "console": console,
    "sysctl": sysctl,
    "readonly": readonly,
    "mask": mask,
    "workdir": workdir,
    "pivot": pivot,
}
