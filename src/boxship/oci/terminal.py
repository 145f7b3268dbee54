"""The caller's own terminal joined to a container's, until the container's program ends."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import termios
import tty

from boxship.shim.pty import set_size

_CHUNK = 1 << 16
# As runc: what asks a program to do something goes to it. Terminal signals come as bytes where there is a terminal.
_FORWARDED = ("HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "CONT", "ALRM", "WINCH")


def forward_signals(pid: int, master: int) -> None:
    """Hand what this process is sent on to `pid`; a change of the window's size to the terminal `master`."""

    def received(number: int, _: object) -> None:
        if number == signal.SIGWINCH:
            copy_size(master)
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    for name in _FORWARDED:
        signal.signal(getattr(signal, f"SIG{name}"), received)


def copy_size(master: int) -> None:
    """Give a terminal the size of the caller's, where that is one; -1: there is none to give it to."""
    if master < 0 or not os.isatty(0):
        return
    rows, columns = termios.tcgetwinsize(0)
    set_size(master, rows, columns)


def relay(master: int, pidfd: int) -> None:
    """Copy between standard input and output and the terminal until its process has ended and all is written."""
    saved = termios.tcgetattr(0) if os.isatty(0) else None
    if saved is not None:
        tty.setraw(0)
    try:
        copy_size(master)
        _copy(master, pidfd)
    finally:
        if saved is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, saved)
        os.close(master)


def _copy(master: int, pidfd: int) -> None:
    poll = select.poll()
    for fd in (0, master, pidfd):
        poll.register(fd, select.POLLIN)
    while True:
        ready = dict(poll.poll())
        if master in ready and not _move(master, 1):
            return
        if 0 in ready and not _move(0, master):
            poll.unregister(0)
        if pidfd in ready and master not in ready:
            _drain(master)
            return


def _drain(master: int) -> None:
    """What was written before the end; a child that keeps the terminal open is not waited for."""
    fcntl.fcntl(master, fcntl.F_SETFL, os.O_NONBLOCK)
    try:
        while _move(master, 1):
            pass
    except BlockingIOError:
        pass


def _move(source: int, target: int) -> bool:
    """One chunk; False at the end. A terminal whose other side is closed answers EIO."""
    try:
        data = os.read(source, _CHUNK)
    except BlockingIOError:
        raise
    except OSError:
        return False
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]
    return bool(data)
