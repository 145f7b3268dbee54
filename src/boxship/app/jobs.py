"""The jobs that workers of the zygote know, by name. Light: the zygote imports this."""

from __future__ import annotations

import os

from boxship.archive.reader import TarReader
from boxship.archive.unpack import unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from boxship.shim.worker import Job


def unpack_layer(arguments: dict[str, Any], root: int, fds: list[int]) -> int:
    """Unpack the uncompressed tar at the first further descriptor into the empty root; the files' size in bytes."""
    source = fds[0]
    return unpack(TarReader(lambda size: os.read(source, size)), root)


JOBS: dict[str, Job] = {"unpack": unpack_layer}
