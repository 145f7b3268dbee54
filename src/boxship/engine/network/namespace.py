"""The network namespace of a container that runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from boxship.engine.container.register import Container


@contextmanager
def open_namespace(container: Container) -> Iterator[int]:
    """A descriptor of it while the block runs. OSError (ESRCH, ENOENT) when the container has just ended."""
    fd = os.open(f"/proc/{container.state.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
