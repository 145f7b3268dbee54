"""The real docker CLI executes commands in running containers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator

import pytest

from tests.support.cli import Cli
from tests.support.terminal import Terminal

Keep = Callable[[Terminal], Terminal]


@pytest.fixture
def up(docker: Cli, name: str) -> Iterator[str]:
    """A running container."""
    docker("run", "-d", "--name", name, "bx/base:1", "sleep", "1000").succeeded()
    yield name


def test_exec_in_a_terminal(docker: Cli, up: str, terminals: Keep) -> None:
    """A shell in a pty beside the first process."""
    term = terminals(docker.terminal("exec", "-it", up, "sh", rows=29, columns=91))
    term.expect("# ")
    term.send("stty size\r")
    term.expect(r"29 91|\d+ \d+\r\n")
    term.resize(50, 140)
    for _ in range(100):
        term.send("stty size\r")
        if "50 140" in term.expect(r"\d+ \d+\r\n"):
            break
    else:
        raise AssertionError("the new size never came")
    term.send("exit 7\r")
    assert term.wait() == 7


def test_detach_from_exec(docker: Cli, up: str, terminals: Keep) -> None:
    """Ctrl-P Ctrl-Q leaves the exec'd process running."""
    term = terminals(docker.terminal("exec", "-it", up, "sh", "-c", "echo begun; sleep 777"))
    term.expect("begun")
    term.send("\x10\x11")
    term.wait()
    assert "sleep 777" in docker("exec", up, "ps").succeeded().text


def test_big_input_both_ways(docker: Cli, up: str) -> None:
    """40 MB through `docker exec -i … cat`, byte for byte."""
    data = os.urandom(1 << 20) * 40
    said = docker("exec", "-i", up, "cat", stdin=data).succeeded()
    assert hashlib.sha256(said.out).hexdigest() == hashlib.sha256(data).hexdigest()


def test_many_at_once(docker: Cli, up: str) -> None:
    """Twenty execs side by side, each with its own exit code."""
    running = [docker.start("exec", up, "sh", "-c", f"echo {number}; exit {number}") for number in range(20)]
    for number, process in enumerate(running):
        out, _ = process.communicate(timeout=60)
        assert out == f"{number}\n".encode()
        assert process.returncode == number


def test_exec_ends_with_its_container(docker: Cli, up: str) -> None:
    """Killing the container ends its execs: 137."""
    process = docker.start("exec", up, "sh", "-c", "echo on; sleep 1000")
    assert process.stdout is not None
    assert process.stdout.readline() == b"on\n"
    docker("kill", up).succeeded()
    process.communicate(timeout=60)
    assert process.returncode == 137


def test_container_sees_one_pid_tree(docker: Cli, up: str) -> None:
    """The exec'd process is a child of nobody inside, and pid 1 is the first one."""
    said = docker(
        "exec", up, "sh", "-c", "cat /proc/1/cmdline | tr '\\0' ' '; echo; grep PPid /proc/self/status"
    ).succeeded()
    assert said.lines[0].strip() == "sleep 1000"
