"""The layer below every image: what Docker puts into each container where the image has nothing of the name.

It is one folder for all of them, the lowest of an overlay, so that whatever an image brings goes first and nothing of
it counts as a container's change. With the mount points there, a start makes no file in the writable layer.
"""

import os

MARK = ".dockerenv"
"""By this empty file programs see that they run in a container."""

FOLDERS = ("dev", "dev/pts", "dev/shm", "etc", "proc", "sys")
FILES = (MARK, "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf")
LINKS = {"etc/mtab": "/proc/mounts"}


def make_init_layer(folder: str) -> None:
    """Make the layer, or what of it is missing (blocks). OSError."""
    for name in ("", *FOLDERS):
        path = f"{folder}/{name}"
        os.makedirs(path, exist_ok=True)
        # Whatever the umask is: these are seen in containers.
        os.chmod(path, 0o755)
    for name in FILES:
        fd = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o755)
        try:
            os.fchmod(fd, 0o755)
        finally:
            os.close(fd)
    for name, target in LINKS.items():
        if not os.path.islink(f"{folder}/{name}"):
            os.symlink(target, f"{folder}/{name}")
