"""Workers: short-lived, confined forks of the zygote for jobs on files that somebody hostile may have made.

A job is a function of archive/ or kernel/ that app registers by name. It runs with the folder it works on as its root
(chroot), without network, with a handful of capabilities and without a way to gain more, and it gets what it reads and
writes as descriptors. A bug in a job can then damage that folder, not the host.
"""

from __future__ import annotations

import _socket
import os
import sys

from boxship.kernel import process as kernel
from boxship.shim import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    # (arguments, the root's descriptor, further descriptors) -> the result, plain JSON
    Job = Callable[[dict[str, Any], int, list[int]], Any]

# What unpacking an image as root takes; SYS_ADMIN is for trusted.* attributes (overlayfs's marks).
_CAPABILITIES = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_MKNOD",
    "CAP_SETFCAP",
    "CAP_SYS_ADMIN",
]


def main(jobs: dict[str, Job], message: dict[str, Any], link: _socket.socket, fds: list[int]) -> None:
    """Carry out one request: `job`, `arguments`; the first descriptor is the root. The answer goes to `link`.

    {"result": …}, or {"failed": the error's class, "errno", "message"}.
    """
    kernel.set_name("boxship-worker")
    root = fds.pop(0)
    try:
        job = jobs[message["job"]]
        _confine(root)
        answer = {"result": job(message.get("arguments") or {}, root, fds)}
    except Exception as error:
        code = error.errno if isinstance(error, OSError) else None
        answer = {"failed": type(error).__name__, "errno": code or 0, "message": str(error)}
    wire.send(link, answer)


def _confine(root: int) -> None:
    # As in a container's first process: no file of the folder may ever be imported.
    sys.path.clear()
    sys.meta_path.clear()
    sys.path_hooks.clear()
    os.setsid()
    os.umask(0)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS)
    os.fchdir(root)
    os.chroot(".")
    kept = kernel.capability_mask(_CAPABILITIES) & kernel.permitted_mask()
    kernel.drop_bounding(kept)
    kernel.set_capabilities(kept, kept, 0)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
