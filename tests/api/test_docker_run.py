"""The real docker CLI runs containers: pipes, terminals, big inputs, signals."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import IO

from tests.support.cli import Cli
from tests.support.terminal import Terminal

Keep = Callable[[Terminal], Terminal]
BASE = "bx/base:1"
MEGABYTES = 100


def _noise(megabytes: int) -> bytes:
    """Bytes that no layer can guess, in which every value occurs."""
    return os.urandom(1 << 20) * megabytes


def test_run_in_a_terminal(docker: Cli, name: str, terminals: Keep) -> None:
    """A shell in a pty: prompt, echo, exit code."""
    term = terminals(docker.terminal("run", "-it", "--rm", "--name", name, BASE, "sh"))
    term.expect("# ")
    term.send("echo $((6*7)); tty\r")
    term.expect("\r\n42\r\n")
    term.expect("/dev/pts/0")
    term.send("exit 5\r")
    assert term.wait() == 5


def test_terminal_size_is_the_persons(docker: Cli, name: str, terminals: Keep) -> None:
    """The size at the start, and after the window has changed."""
    term = terminals(docker.terminal("run", "-it", "--rm", "--name", name, BASE, "sh", rows=31, columns=97))
    term.expect("# ")
    term.send("stty size\r")
    term.expect("31 97\r\n")
    term.resize(45, 123)
    for _ in range(100):  # the client passes the change on by a request of its own
        term.send("stty size\r")
        if "45 123" in term.expect(r"\d+ \d+\r\n"):
            break
    else:
        raise AssertionError("the new size never came")
    term.send("exit\r")
    assert term.wait() == 0


def test_first_size_is_there_before_the_program(docker: Cli, name: str, terminals: Keep) -> None:
    """A program that asks for the size at once is not told 0 0."""
    command = (
        "sh",
        "-c",
        "i=0; while [ \"$(stty size)\" = '0 0' ] && [ $i -lt 50 ]; do sleep 0.1; i=$((i+1)); done; stty size",
    )
    term = terminals(docker.terminal("run", "-it", "--rm", "--name", name, BASE, *command, rows=33, columns=77))
    term.expect("33 77")
    assert term.wait() == 0


def test_control_c_interrupts_the_program(docker: Cli, name: str, terminals: Keep) -> None:
    """Ctrl-C is a key for the terminal inside; the shell goes on."""
    term = terminals(docker.terminal("run", "-it", "--rm", "--name", name, BASE, "sh"))
    term.expect("# ")
    term.send("sleep 1000\r")
    term.expect("sleep 1000\r\n")
    time.sleep(0.3)
    term.send("\x03")
    term.expect("# ")
    term.send("echo code $?\r")
    term.expect("code 130")
    term.expect("# ")
    term.send("exit 4\r")
    assert term.wait() == 4


def test_detach_keys_leave_it_running(docker: Cli, name: str, terminals: Keep) -> None:
    """Ctrl-P Ctrl-Q detaches; attach comes back to the same shell."""
    term = terminals(docker.terminal("run", "-it", "--name", name, BASE, "sh"))
    term.expect("# ")
    term.send("MARK=still-me\r")
    term.expect("# ")
    term.send("\x10\x11")
    assert term.wait() == 0
    assert docker("inspect", "-f", "{{.State.Running}}", name).succeeded().text == "true"

    again = terminals(docker.terminal("attach", name))
    again.send("echo $MARK\r")
    again.expect("\nstill-me")
    again.send("exit 3\r")
    assert again.wait() == 3


def test_detach_keys_of_ones_own(docker: Cli, name: str, terminals: Keep) -> None:
    """--detach-keys; the default ones are then input like any other."""
    term = terminals(docker.terminal("run", "-it", "--detach-keys", "ctrl-a,x", "--name", name, BASE, "sh"))
    term.expect("# ")
    term.send("\x01x")
    assert term.wait() == 0
    assert docker("inspect", "-f", "{{.State.Running}}", name).succeeded().text == "true"


def test_a_prefix_of_the_detach_keys_is_input(docker: Cli, name: str, terminals: Keep) -> None:
    """Ctrl-P alone reaches the program when another key follows."""
    command = ("sh", "-c", "stty raw -echo; echo ready; head -c 2 | od -An -tx1")
    term = terminals(docker.terminal("run", "-it", "--rm", "--name", name, BASE, *command))
    term.expect("ready")
    term.send("\x10z")
    term.expect("10 7a")
    assert term.wait() == 0


def test_big_input_arrives_whole(docker: Cli, name: str) -> None:
    """100 MB through `docker run -i … sha256sum`."""
    data = _noise(MEGABYTES)
    said = docker("run", "-i", "--rm", "--name", name, BASE, "sha256sum", stdin=data).succeeded()
    assert said.text.split()[0] == hashlib.sha256(data).hexdigest()


def test_big_output_arrives_whole(docker: Cli, name: str) -> None:
    """100 MB both ways at once, byte for byte."""
    data = _noise(MEGABYTES)
    said = docker("run", "-i", "--rm", "--log-driver", "none", "--name", name, BASE, "cat", stdin=data).succeeded()
    assert hashlib.sha256(said.out).hexdigest() == hashlib.sha256(data).hexdigest()


def test_streams_stay_apart(docker: Cli, name: str) -> None:
    """Many writes on both streams: each whole and in order on its own."""
    script = "i=0; while [ $i -lt 2000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done"
    said = docker("run", "--rm", "--network", "none", "--name", name, BASE, "sh", "-c", script).succeeded()
    assert said.lines == [f"out {number}" for number in range(2000)]
    assert said.error.splitlines() == [f"err {number}" for number in range(2000)]


def test_end_of_input_is_passed_on(docker: Cli, name: str) -> None:
    """Half-close: the program sees the end of its input and still answers."""
    script = "cat > /tmp/in; echo read $(wc -c < /tmp/in)"
    said = docker("run", "-i", "--rm", "--name", name, BASE, "sh", "-c", script, stdin=b"z" * 12345).succeeded()
    assert said.text == "read 12345"


def test_client_ends_while_input_stays_open(docker: Cli, name: str) -> None:
    """`run -i IMAGE true` with standard input held open: the client goes when the container has."""
    process = docker.start("run", "-i", "--rm", "--name", name, BASE, "true")
    try:
        assert process.wait(timeout=30) == 0
    finally:
        _end(process)


def test_signals_are_proxied(docker: Cli, name: str) -> None:
    """SIGTERM to the client reaches the container's process, and its exit code comes back."""
    script = "trap 'echo got it; exit 42' TERM; echo ready; while :; do sleep 0.1; done"
    process = docker.start("run", "--rm", "--name", name, BASE, "sh", "-c", script)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == b"got it\n"
        assert process.wait(timeout=30) == 42
    finally:
        _end(process)


def test_a_client_that_does_not_read_blocks_nobody(docker: Cli, name: str) -> None:
    """The container runs to its end and its log is whole while an attached client sleeps; Docker waits."""
    script = "i=0; while [ $i -lt 40 ]; do head -c 100000 /dev/zero | tr '\\0' x; echo; i=$((i+1)); done"
    process = docker.start("run", "--name", name, BASE, "sh", "-c", script)
    try:
        # Nobody reads process.stdout until the container has ended.
        for _ in range(300):
            if docker("ps", "-a", "--filter", f"name={name}", "--filter", "status=exited", "-q").text:
                break
            time.sleep(0.1)
        else:
            raise AssertionError("the container waits for its client")
        logged = docker("logs", name).succeeded().out
        assert len(logged) == 40 * 100_001
        seen = _drain(process.stdout)
        assert len(seen) == 40 * 100_001
        assert process.wait(timeout=30) == 0
    finally:
        _end(process)


def test_two_clients_see_the_same(docker: Cli, name: str) -> None:
    """Attach twice: both get every line from then on."""
    docker("run", "-d", "-i", "--name", name, BASE, "sh", "-c", "read go; seq 1 500").succeeded()
    readers = [docker.start("attach", "--no-stdin", name) for _ in range(2)]
    try:
        time.sleep(1.0)  # both must be attached; nothing tells when a client has its stream
        docker("attach", name, stdin=b"go\n")
        for reader in readers:
            assert _drain(reader.stdout).split() == [str(number).encode() for number in range(1, 501)]
            assert reader.wait(timeout=30) == 0
    finally:
        for reader in readers:
            _end(reader)


def test_container_survives_its_client(docker: Cli, name: str) -> None:
    """kill -9 of the client: the container goes on."""
    process = docker.start("run", "--name", name, BASE, "sh", "-c", "echo up; while :; do sleep 0.2; done")
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    _end(process)
    assert docker("inspect", "-f", "{{.State.Running}}", name).succeeded().text == "true"


def _drain(stream: IO[bytes] | None) -> bytes:
    """Read to the end, with a watchdog: a stream that never ends fails the test."""
    assert stream is not None
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(stream.read()), daemon=True)
    reader.start()
    reader.join(60)
    assert not reader.is_alive(), "the stream does not end"
    return got[0]


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            try:
                stream.close()
            except BrokenPipeError:
                pass
    process.wait()
