"""Run from an interpreter that no container can write to.

A process that is about to become a container's shows its executable as /proc/PID/exe. Of one started from the host's
own file, a container with enough rights could open that file for writing later (CVE-2019-5736). So the program starts
itself again from a clone of the interpreter on a read-only mount that is nowhere in the tree.
"""

from __future__ import annotations

import os
import sys

import boxship
from boxship.kernel.process import own_executable_clone

_MARK = "_BOXSHIP_OCI_SEALED"
_PROGRAM = "import sys; sys.path.append({path!r}); from boxship.oci.sealed import again; again()"
# Above the descriptors that --preserve-fds hands on.
_HIGH = 200


def run_sealed() -> None:
    """Start again unless this is the second time. What can't be cloned (no rights, an old kernel) goes on as it is."""
    if os.environ.pop(_MARK, "") == str(os.getpid()):
        return
    try:
        clone = own_executable_clone()
    except OSError:
        # Without the right to mount there are no containers to fear either, but of this same user.
        return
    import fcntl

    high = fcntl.fcntl(clone, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    os.close(clone)
    package = os.path.dirname(os.path.dirname(os.path.abspath(boxship.__file__)))
    options = ["-I", "-S", "-X", "utf8", "-X", "no_debug_ranges"]
    arguments = [sys.executable, *options, "-c", _PROGRAM.format(path=package), *sys.argv[1:]]
    os.execve(f"/proc/self/fd/{high}", arguments, {**os.environ, _MARK: str(os.getpid())})


def again() -> None:
    """The second start's entry."""
    from boxship.__main__ import main

    sys.argv[0] = "boxship"
    main()
