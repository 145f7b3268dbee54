"""Steps on the kernel's own files: parameters are set, and what a container may not write or read is covered."""

from __future__ import annotations

import os
import stat

from boxship.kernel import mount
from boxship.kernel.inroot import open_on_mount
from boxship.shim.builder import Builder
from boxship.shim.failure import Failed


def sysctl(builder: Builder, key: str, value: str) -> None:
    # `net.ipv4.conf.eth0/1.x` style keys: both separators are in use; `/` inside a dotted name stands for a dot.
    parts = key.replace(".", "\0").replace("/", ".").split("\0") if "/" in key and "." in key else None
    path = "sys/" + ("/".join(parts) if parts else key.replace(".", "/"))
    # By the mount of procfs itself: a file of the same name elsewhere would take the value and change nothing. Where
    # the host's own /proc is bound, one that nobody else sees.
    proc = builder.proc_fd if builder.proc_fd >= 0 else mount.mount_filesystem("proc", [("source", "proc")])
    try:
        fd = open_on_mount(proc, path, os.O_WRONLY)
    except OSError as error:
        text = f"open sysctl {key} file: {os.strerror(error.errno or 0).lower()}"
        raise Failed("sysctl", error.errno or 0, key, text) from None
    finally:
        if proc != builder.proc_fd:
            os.close(proc)
    try:
        os.write(fd, value.encode())
    except OSError as error:
        text = f'failed to write sysctl {key} = "{value}": {os.strerror(error.errno or 0).lower()}'
        raise Failed("sysctl", error.errno or 0, key, text) from None
    finally:
        os.close(fd)


def readonly(builder: Builder, path: str) -> None:
    place = builder.existing(path)
    if place < 0:
        return
    try:
        detached = mount.clone_fd(place, recursive=True)
        mount.set_attributes(detached, add=mount.MOUNT_ATTR_RDONLY, recursive=True)
        mount.move(detached, place)
    finally:
        os.close(place)


def mask(builder: Builder, path: str) -> None:
    place = builder.existing(path)
    if place < 0:
        return
    try:
        if stat.S_ISDIR(os.fstat(place).st_mode):
            options: list[tuple[str, str | None]] = [
                ("source", "tmpfs"),
                ("size", "4k"),
                ("nr_inodes", "1"),
                ("ro", None),
            ]
            mount.move(mount.mount_filesystem("tmpfs", options, mount.MOUNT_ATTR_RDONLY), place)
            return
        mount.move(mount.clone_fd(builder.null(path), recursive=False), place)
    finally:
        os.close(place)
