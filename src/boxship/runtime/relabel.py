"""`-v SOURCE:TARGET:z` and `:Z`: a folder of the host gets the SELinux label of the containers that use it. Blocks."""

import errno
import os

from boxship.lib.errors import BoxshipError

_ATTRIBUTE = "security.selinux"
# Folders of the machine itself: with a container's label its own programs could not read them any more.
_THE_MACHINES = frozenset(
    (
        *("/", "/bin", "/boot", "/dev", "/etc", "/etc/passwd", "/etc/pki", "/etc/shadow", "/home", "/lib", "/lib64"),
        *("/media", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var", "/var/lib"),
        "/var/log",
    )
)


def relabel(path: str, label: str) -> None:
    """Set the label of a file, or of a folder and all below it, `path` itself last.

    Links are labelled, not followed. A file system without labels is left alone. BoxshipError in Docker's words for a
    folder that the machine needs; OSError.
    """
    real = os.path.realpath(path)
    if real in _THE_MACHINES:
        raise BoxshipError(f"SELinux relabeling of {path} is not allowed")
    value = label.encode()
    try:
        if os.path.isdir(real):
            # By descriptors: whoever may write there can't turn a folder into a link meanwhile.
            for _, folders, files, fd in os.fwalk(real):
                for name in (*folders, *files):
                    _set(f"/proc/self/fd/{fd}/{name}", value)
        _set(real, value)
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise


def _set(path: str, value: bytes) -> None:
    try:
        os.setxattr(path, _ATTRIBUTE, value, follow_symlinks=False)
    except FileNotFoundError:
        # Gone meanwhile.
        pass
