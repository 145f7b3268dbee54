"""The layer between an image and a container's own files: what Docker puts into every container.

It is one folder for all of them, below the writable layer, so that it counts as no change of theirs.
"""

import os

MARK = ".dockerenv"
"""By this empty file programs see that they run in a container."""


def make_init_layer(folder: str) -> None:
    """Make the layer; nothing to do when it is there (blocks). OSError."""
    os.makedirs(folder, mode=0o755, exist_ok=True)
    fd = os.open(f"{folder}/{MARK}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o755)
    try:
        # The umask may have taken something away.
        os.fchmod(fd, 0o755)
    finally:
        os.close(fd)
