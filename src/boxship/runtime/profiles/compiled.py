"""Compiled seccomp filters on disk, named by what they were made from."""

import hashlib
import json
import os
from typing import Any

from boxship.kernel import seccomp
from boxship.kernel.seccomp.compile import compile_filter
from boxship.lib.atomic import write_atomic

# Counts up when the compiler makes another program from the same profile.
_VERSION = 1


def compiled_filter(profile: dict[str, Any], machine: str, folder: str, *, notify: bool = False) -> str:
    """The path of the program for `profile` (`linux.seccomp`), compiled at its first use.

    Blocks: compiling takes some milliseconds and writes a file into `folder`. Errors as `compile_filter`, and OSError.
    """
    source = json.dumps(profile, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(f"{_VERSION}\0{machine}\0{source}".encode()).hexdigest()
    path = f"{folder}/{digest}.bpf"
    if not _is_whole(path):
        # Not durable: after a power cut a torn file is seen by its head and made again.
        os.makedirs(folder, mode=0o700, exist_ok=True)
        write_atomic(path, compile_filter(profile, machine, notify=notify), mode=0o600, durable=False)
    return path


def _is_whole(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            head = file.read(seccomp.HEAD.size)
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return False
    if len(head) < seccomp.HEAD.size:
        return False
    magic, _, length = seccomp.HEAD.unpack(head)
    return bool(magic == seccomp.MAGIC and length == size - seccomp.HEAD.size)
