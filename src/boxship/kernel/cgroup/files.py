"""The files and folders of a control group: read, written, removed as the kernel wants it."""

from __future__ import annotations

import errno
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# Seconds. The kernel lets go of a group some time after its last process: rmdir(2) gives EBUSY until then.
_REMOVE_PATIENCE = 2.0
_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.05


def read(path: str) -> str:
    """The content of one file of the kernel's. FileNotFoundError also when its group goes while it is read."""
    parts = []
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            while part := os.read(fd, 1 << 16):
                parts.append(part)
        finally:
            os.close(fd)
    except OSError as error:
        raise _gone(error, path) from None
    return b"".join(parts).decode()


def _gone(error: OSError, path: str) -> OSError:
    """ENODEV is what a file of a group gives that is no more, at its opening or when it is open."""
    if error.errno == errno.ENODEV:
        return FileNotFoundError(errno.ENOENT, "the control group is gone", path)
    return error


def write(path: str, value: str) -> None:
    """One write(2). OSError names the file and the value."""
    write_all([(path, value)])


def write_all(writes: Iterable[tuple[str, str]]) -> None:
    """Write values into files, in this order, each by a write(2) of its own. OSError as `write`."""
    path, fd = "", -1
    try:
        for wanted, value in writes:
            # A list of devices is a dozen lines for the same file.
            if wanted != path:
                if fd >= 0:
                    os.close(fd)
                fd = -1
                path = wanted
                try:
                    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
                except OSError as error:
                    raise _gone(error, path) from None
            try:
                os.write(fd, value.encode())
            except OSError as error:
                # ENODEV may be about the device in the value, too.
                raise OSError(error.errno, f"write {value!r}: {os.strerror(error.errno or 0)}", path) from None
    finally:
        if fd >= 0:
            os.close(fd)


def field(text: str, name: str) -> int:
    """A number of a file with lines such as "oom_kill 3"; 0 when it does not name it."""
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0


def tree(folder: str) -> list[str]:
    """The folder and all below it, each before its children; empty when it is gone."""
    try:
        names = [entry.path for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return [folder, *(path for name in names for path in tree(name))]


def remove_folder(path: str) -> None:
    """Remove one folder; nothing to do where it is gone. OSError(EBUSY) when processes are left in it."""
    deadline = time.monotonic() + _REMOVE_PATIENCE
    pause = _FIRST_PAUSE
    while True:
        try:
            os.rmdir(path)
            return
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
