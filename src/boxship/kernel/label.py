"""The security label that a process gets at its next exec: an AppArmor profile, an SELinux context.

Each is written to a file of the process's own under /proc/thread-self/attr (proc_pid_attr(5)). It must be opened while
/proc is still the host's: an image or a volume could put a plain file in its place, take the write and leave the
process unconfined (CVE-2019-16884). Writing is for the last moment, since the next exec of anything uses the label up.
"""

from __future__ import annotations

import errno
import os

_APPARMOR_SWITCH = "/sys/module/apparmor/parameters/enabled"
_SELINUX_FOLDER = "/sys/fs/selinux"
_ATTRIBUTES = "/proc/thread-self/attr"


def apparmor_enabled() -> bool:
    """Whether this kernel confines by AppArmor profiles."""
    try:
        fd = os.open(_APPARMOR_SWITCH, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.read(fd, 1) == b"Y"
    finally:
        os.close(fd)


def selinux_enabled() -> bool:
    """Whether this kernel labels by SELinux, with a policy that is loaded."""
    return os.path.exists(f"{_SELINUX_FOLDER}/enforce")


class ExecLabel:
    """One label, ready to be written. `fd` is close-on-exec and belongs to the thread that opened it."""

    __slots__ = ("_fd", "_text")

    def __init__(self, fd: int, text: bytes) -> None:
        self._fd = fd
        self._text = text

    def apply(self) -> None:
        """Have the calling thread's next exec take the label; once. OSError when the policy refuses."""
        try:
            os.write(self._fd, self._text)
        finally:
            os.close(self._fd)


def open_exec_labels(apparmor: str, selinux: str) -> list[ExecLabel]:
    """Labels for the calling thread: an AppArmor profile's name and an SELinux context, "" for none.

    OSError(EOPNOTSUPP) with a message when the kernel has no such module: a label that is asked for and would not
    hold must not be passed over.
    """
    labels = []
    if apparmor:
        if not apparmor_enabled():
            raise OSError(errno.EOPNOTSUPP, f"AppArmor profile {apparmor} was asked for, and AppArmor is not enabled")
        labels.append(ExecLabel(_open_apparmor(), f"exec {apparmor}".encode()))
    if selinux:
        if not selinux_enabled():
            raise OSError(errno.EOPNOTSUPP, f"SELinux label {selinux} was asked for, and SELinux is not enabled")
        labels.append(ExecLabel(_open("exec"), selinux.encode()))
    return labels


def _open_apparmor() -> int:
    try:
        # Beside another module that labels, AppArmor has files of its own (Linux >= 5.8).
        return _open("apparmor/exec")
    except FileNotFoundError:
        return _open("exec")


def _open(name: str) -> int:
    return os.open(f"{_ATTRIBUTES}/{name}", os.O_WRONLY | os.O_CLOEXEC)
