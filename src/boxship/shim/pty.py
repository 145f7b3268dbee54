"""Pseudo-terminals of a container's own devpts (pts(4), ioctl_tty(2))."""

from __future__ import annotations

import _socket
import errno
import fcntl
import os
import stat
import struct
import termios

from boxship.kernel.inroot import open_in_root
from boxship.shim.wire import send_packet

# asm-generic/ioctls.h; the termios module lacks them.
TIOCSPTLCK = 0x40045431
TIOCGPTPEER = 0x5441
# /dev/ptmx and every pts/ptmx (devices.txt).
_PTMX = os.makedev(5, 2)


def open_pty(root_fd: int, size: tuple[int, int], receiver: _socket.socket) -> int:
    """Open a pty in the devpts under `root_fd`; its master goes to `receiver`, its slave to the caller.

    size: (rows, columns), (0, 0) to leave it. The slave comes from the master and not from a name: a running
    container may have put something else at /dev/pts/N.
    """
    master = open_in_root(root_fd, "/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        status = os.fstat(master)
        if not stat.S_ISCHR(status.st_mode) or status.st_rdev != _PTMX:
            raise OSError(errno.ENOTTY, "it is no terminal multiplexer")
        os.set_blocking(master, True)
        fcntl.ioctl(master, TIOCSPTLCK, struct.pack("i", 0))
        slave = int(fcntl.ioctl(master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
        if size != (0, 0):
            set_size(master, *size)
        send_packet(receiver, b"\0", [master])
    finally:
        os.close(master)
    return slave


def set_size(fd: int, height: int, width: int) -> None:
    """The size of a terminal in characters (ioctl_tty(2))."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", height, width, 0, 0))
