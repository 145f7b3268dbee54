"""Our command line in real terminals."""

from __future__ import annotations

import signal
import termios
from collections.abc import Callable
from pathlib import Path

from tests.support.cli import Cli
from tests.support.terminal import Terminal

BASE = "bx/base:1"
Keep = Callable[[Terminal], Terminal]
DETACH = b"\x10\x11"


def _shell(boxship: Cli, name: str, *flags: str, rows: int = 24, columns: int = 80) -> Terminal:
    command = ("run", "-it", "--network", "none", "--name", name, *flags, BASE, "sh")
    return boxship.terminal(*command, rows=rows, columns=columns)


def test_a_shell_sees_the_size_and_its_changes(boxship: Cli, name: str, terminals: Keep) -> None:
    shell = terminals(_shell(boxship, name, "--rm", rows=30, columns=100))
    shell.expect("# ")
    shell.send("stty size\r")
    shell.expect("30 100")
    shell.resize(41, 121)
    for _ in range(50):  # the signal, the request and the change take a moment
        shell.send("stty size\r")
        if "41 121" in shell.expect(r"\d+ \d+\r"):
            break
    shell.send("exit 3\r")
    assert shell.wait() == 3


def test_the_terminal_is_raw_inside_and_as_it_was_afterwards(boxship: Cli, name: str, terminals: Keep) -> None:
    shell = terminals(_shell(boxship, name))
    before = termios.tcgetattr(shell.fd)
    shell.expect("# ")
    assert not termios.tcgetattr(shell.fd)[3] & (termios.ICANON | termios.ECHO)
    shell.send(DETACH)
    assert shell.wait() == 0
    assert termios.tcgetattr(shell.fd)[3] & termios.ICANON == before[3] & termios.ICANON
    assert termios.tcgetattr(shell.fd)[3] & termios.ECHO
    assert boxship("inspect", "-f", "{{.State.Running}}", name).text == "true"


def test_a_killed_client_gives_the_terminal_back(boxship: Cli, name: str, terminals: Keep) -> None:
    import os

    shell = terminals(_shell(boxship, name))
    shell.expect("# ")
    os.kill(shell.pid, signal.SIGTERM)
    assert shell.wait() == -signal.SIGTERM
    assert termios.tcgetattr(shell.fd)[3] & termios.ECHO


def test_attach_and_detach(boxship: Cli, name: str, terminals: Keep) -> None:
    boxship("run", "-dit", "--network", "none", "--name", name, BASE, "sh").succeeded()
    for keys, option in ((DETACH, ()), (b"\x01x", ("--detach-keys", "ctrl-a,x"))):
        attached = terminals(boxship.terminal("attach", *option, name))
        attached.send("echo a$((1+1))\r")
        attached.expect("a2")
        attached.send(keys)
        attached.expect("read escape sequence")
        assert attached.wait() == 1
    last = terminals(boxship.terminal("attach", name))
    last.send("exit 9\r")
    assert last.wait() == 9


def test_a_key_of_the_sequence_alone_is_typed(boxship: Cli, name: str, terminals: Keep) -> None:
    shell = terminals(_shell(boxship, name, "--rm"))
    shell.expect("# ")
    shell.send("cat -v\r")
    shell.send(b"\x16\x10x\r")  # ctrl-v lets the line discipline take the next key as it is
    shell.expect(r"\^Px\r\n\^?")
    shell.send(b"\x04")
    shell.send("exit\r")
    assert shell.wait() == 0


def test_exec_in_a_terminal(boxship: Cli, name: str, terminals: Keep) -> None:
    boxship("run", "-d", "--network", "none", "--name", name, BASE, "sleep", "600").succeeded()
    shell = terminals(boxship.terminal("exec", "-it", name, "sh", rows=33, columns=99))
    shell.expect("# ")
    shell.send("stty size; exit 4\r")
    shell.expect("33 99")
    assert shell.wait() == 4
    detached = terminals(boxship.terminal("exec", "-it", name, "sh"))
    detached.expect("# ")
    detached.send(DETACH)
    detached.expect("read escape sequence")
    assert detached.wait() == 1


def test_ctrl_c_reaches_the_process(boxship: Cli, name: str, terminals: Keep) -> None:
    trap = "trap 'echo got; exit 5' INT; echo ready; while :; do sleep 0.1; done"
    with_terminal = terminals(boxship.terminal("run", "-it", "--rm", "--network", "none", BASE, "sh", "-c", trap))
    without = terminals(boxship.terminal("run", "--rm", "--network", "none", BASE, "sh", "-c", trap))
    for running in (with_terminal, without):
        running.expect("ready")
        running.send(b"\x03")
        running.expect("got")
        assert running.wait() == 5


def test_ctrl_c_ends_logs_f(boxship: Cli, name: str, terminals: Keep) -> None:
    boxship("run", "-d", "--network", "none", "--name", name, BASE, "sh", "-c", "echo one; sleep 600").succeeded()
    following = terminals(boxship.terminal("logs", "-f", name))
    following.expect("one")
    following.send(b"\x03")
    assert following.wait() == -signal.SIGINT
    assert b"Traceback" not in following.screen


def test_load_shows_people_its_progress(boxship: Cli, image_archive: bytes, tmp_path: Path, terminals: Keep) -> None:
    path = tmp_path / "images.tar"
    path.write_bytes(image_archive)
    loading = terminals(boxship.terminal("load", "-i", str(path), columns=150))
    assert loading.wait() == 0
    assert b"Loaded image: bx/base:1\r\n" in loading.screen


def test_a_terminal_that_nobody_types_into(boxship: Cli, terminals: Keep) -> None:
    said = boxship("run", "--rm", "-t", "--network", "none", BASE, "sh", "-c", "echo x; exit 2")
    assert (said.code, said.out) == (2, b"x\r\n")
    shown = terminals(boxship.terminal("run", "--rm", "-t", "--network", "none", BASE, "sh", "-c", "echo x; exit 2"))
    assert shown.wait() == 2
