"""Network namespaces, entered by one thread of a process that stays where it is (network_namespaces(7))."""

from __future__ import annotations

import os
from contextlib import contextmanager

from boxship.kernel.process import CLONE_NEWNET, setns, unshare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Of the thread that asks, not of the process.
_OWN = "/proc/thread-self/ns/net"


def open_own() -> int:
    """A descriptor of the network namespace that the calling thread is in."""
    return os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)


@contextmanager
def new() -> Iterator[int]:
    """Make a network namespace and be in it while the block runs; its descriptor, the caller's to close.

    Whatever is opened in the block (a netlink socket, a listener) belongs to the namespace. It goes with its last
    process, socket and descriptor. Only the calling thread changes over. OSError: ENOSPC at
    user.max_net_namespaces.
    """
    home = open_own()
    try:
        unshare(CLONE_NEWNET)
        try:
            fd = open_own()
            try:
                yield fd
            except BaseException:
                os.close(fd)
                raise
        finally:
            setns(home, CLONE_NEWNET)
    finally:
        os.close(home)


@contextmanager
def inside(fd: int) -> Iterator[None]:
    """Be in the network namespace with this descriptor while the block runs; only the calling thread."""
    home = open_own()
    try:
        setns(fd, CLONE_NEWNET)
        try:
            yield
        finally:
            setns(home, CLONE_NEWNET)
    finally:
        os.close(home)
