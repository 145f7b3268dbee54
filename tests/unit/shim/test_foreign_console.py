"""A terminal that another runtime sends through a socket in the file system."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.shim.foreign.console import ConsoleSession
from boxship.shim.loop import Loop


class Terminal:
    """A session with a terminal, and the runtime's side of it."""

    def __init__(self, folder: Path) -> None:
        self.loop = Loop()
        self.folder = folder
        self.session = ConsoleSession(
            *(str(folder), "console", self.loop),
            tty=True,
            open_stdin=True,
            stdin_once=False,
            size=(31, 91),
            log=None,
            spool_folder=str(folder),
            on_detach=lambda: None,
        )
        assert self.session.child_side().fds == (-1, -1, -1)
        self.session.forked()
        self.runtime = socket.socket(socket.AF_UNIX)
        self.master, self.slave = os.openpty()

    def turn(self) -> None:
        """What is ready now."""
        self.loop.after(0.05, self.loop.stop)
        self.loop.run()
        self.loop._running = True

    def connect(self) -> None:
        self.runtime.connect(str(self.folder / "console"))

    def send(self) -> None:
        socket.send_fds(self.runtime, [b"/dev/pts/0"], [self.master])

    def size(self) -> tuple[int, ...]:
        return struct.unpack("4H", fcntl.ioctl(self.slave, termios.TIOCGWINSZ, bytes(8)))[:2]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path)
    yield made
    made.session.process_ended()
    made.loop.close()
    made.runtime.close()
    os.close(made.master)
    os.close(made.slave)
    assert not list(tmp_path.iterdir())


def output(terminal: Terminal) -> bytes:
    """What a client gets of a line that the process writes."""
    client, ours = socket.socketpair()
    with client:
        terminal.session.attach(ours, b"", {"stdout": True})
        os.write(terminal.slave, b"line\n")
        terminal.turn()
        client.setblocking(False)
        try:
            return client.recv(100)
        except BlockingIOError:
            return b""


def test_the_size_is_set_as_soon_as_it_is_there(terminal: Terminal) -> None:
    terminal.connect()
    terminal.turn()
    assert terminal.size() == (0, 0)
    terminal.send()
    terminal.turn()
    assert terminal.size() == (31, 91)
    assert output(terminal) == b""
    terminal.session.read()
    terminal.turn()
    assert output(terminal).startswith(b"line")


def test_it_came_just_before_the_call_ended(terminal: Terminal) -> None:
    terminal.connect()
    terminal.send()
    terminal.session.read()
    assert terminal.size() == (31, 91)
    assert output(terminal) == b"line\r\n"


def test_a_runtime_that_connects_and_sends_nothing_holds_nobody_up(terminal: Terminal) -> None:
    terminal.connect()
    terminal.turn()
    terminal.session.read()
    assert output(terminal) == b""


def test_a_runtime_that_never_connects(terminal: Terminal) -> None:
    terminal.session.give_up()
    terminal.session.read()


def test_a_runtime_that_goes(terminal: Terminal) -> None:
    terminal.connect()
    terminal.runtime.close()
    terminal.turn()
    terminal.session.read()
    assert output(terminal) == b""
