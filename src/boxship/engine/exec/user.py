"""Whether an exec's user is one of the container's: Docker says so before anything runs."""

import os
import stat

from boxship.kernel.inroot import open_in_root
from boxship.lib.errors import InvalidParameter

_LONGEST = 8 << 20
_FILES = {"user": "passwd", "group": "group"}


def check_user(pid: int, user: str) -> None:
    """InvalidParameter when `user` (NAME or NAME:GROUP) names whom the container of process `pid` does not know.

    Blocks. Reads the container's own files without ever leaving its root; numbers need no entry, and where the
    files can't be read, the process itself will tell.
    """
    name, _, group = user.partition(":")
    for kind, wanted in (("user", name), ("group", group)):
        if not wanted or wanted.isdigit():
            continue
        try:
            content = _read(pid, f"/etc/{_FILES[kind]}")
        except OSError:
            content = b""
        names = {line.split(b":", 1)[0] for line in content.splitlines()}
        if wanted.encode(errors="surrogateescape") not in names:
            raise InvalidParameter(f"unable to find {kind} {wanted}: no matching entries in {_FILES[kind]} file")


def _read(pid: int, path: str) -> bytes:
    root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Looked at before it is opened: opening a device or a pipe may do something, and the daemon may open any.
        place = open_in_root(root, path, os.O_PATH)
    finally:
        os.close(root)
    try:
        if not stat.S_ISREG(os.fstat(place).st_mode):
            return b""
        with open(f"/proc/self/fd/{place}", "rb") as file:
            return file.read(_LONGEST)
    finally:
        os.close(place)
