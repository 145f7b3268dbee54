"""One daemon for a root: a second one would undo the first one's work."""

import fcntl
import os

from boxship.lib.errors import Conflict


def lock_root(folder: str, option: str) -> int:
    """Lock a root folder for the life of this process; the descriptor that holds the lock (flock(2)).

    option: the command line's name for the folder. Conflict names the process that has it.
    """
    fd = os.open(f"{folder}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(fd, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(fd)
        raise Conflict(
            f"{folder} is in use by another daemon (pid {holder})\n"
            f"  a second daemon:   boxship daemon {option} FOLDER …"
        ) from None
    os.ftruncate(fd, 0)
    os.write(fd, f"{os.getpid()}\n".encode())
    return fd
