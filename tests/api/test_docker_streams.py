"""logs -f, attach, events and wait by the real docker CLI: what is followed while it happens."""

from __future__ import annotations

import subprocess
import threading

from tests.support.cli import Cli

BASE = "bx/base:1"


class Follower:
    """A client that follows; its lines as they come."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.news = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self.news.notify_all()

    def until(self, wanted: str, patience: float = 30) -> None:
        """Wait for a line with a text in it."""
        with self.news:
            came = self.news.wait_for(lambda: any(wanted in line for line in self.lines), patience)
        assert came, f"no {wanted!r} in {self.lines}"

    def end(self) -> int:
        """The exit code, once it has ended by itself or was ended here."""
        try:
            return self.process.wait(timeout=30)
        finally:
            self.stop()

    def stop(self) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.thread.join(10)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def test_logs_follow_while_it_runs(docker: Cli, name: str) -> None:
    """Each line comes when it is written; the client ends with the container."""
    docker("run", "-d", "-i", "--name", name, BASE, "sh", "-c", "while read line; do echo $line; done").succeeded()
    follower = Follower(docker.start("logs", "-f", name))
    try:
        for word in ("one", "two", "three"):
            docker("exec", name, "sh", "-c", f"echo {word} > /proc/1/fd/1").succeeded()
            follower.until(word)
        docker("kill", name).succeeded()
        assert follower.end() == 0
    finally:
        follower.stop()


def test_logs_follow_with_tail_has_no_gap_and_no_double(docker: Cli, name: str) -> None:
    """A follower that starts in the middle sees every line from its first on, once."""
    script = "i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done"
    docker("run", "-d", "--name", name, BASE, "sh", "-c", script).succeeded()
    said = docker("logs", "-f", "--tail", "5", name).succeeded()
    numbers = [int(line) for line in said.lines]
    assert numbers == list(range(numbers[0], 3000))


def test_events_as_they_happen(docker: Cli, name: str) -> None:
    """The life of a container, in order, on an open stream."""
    mine = ("--label", f"watched={name}")
    form = "{{.Actor.Attributes.name}} {{.Action}}"
    follower = Follower(docker.start("events", "--filter", f"label=watched={name}", "--format", form))
    try:
        for number in range(100):  # the stream is open once it tells something
            docker("create", *mine, "--name", f"{name}-probe{number}", BASE, "true").succeeded()
            docker("rm", f"{name}-probe{number}").succeeded()
            if follower.lines:
                break
        docker("run", *mine, "--name", name, BASE, "true").succeeded()
        docker("rm", name).succeeded()
        follower.until(f"{name} destroy")
        wanted = ["create", "attach", "start", "die", "destroy"]
        seen = [line.split()[1] for line in follower.lines if line.startswith(f"{name} ")]
        assert [action for action in seen if action in wanted] == wanted
    finally:
        follower.stop()


def test_wait_answers_when_it_ends(docker: Cli, name: str) -> None:
    """docker wait stands until the exit and prints the code."""
    docker("run", "-d", "-i", "--name", name, BASE, "sh", "-c", "read line; exit 21").succeeded()
    waiting = Follower(docker.start("wait", name))
    try:
        docker("attach", name, stdin=b"go\n")
        assert waiting.end() == 0
        assert waiting.lines == ["21"]
    finally:
        waiting.stop()


def test_attach_gives_output_and_exit_code(docker: Cli, name: str) -> None:
    """attach to a running container: its later output, its exit code."""
    docker(
        "run", "-d", "-i", "--name", name, BASE, "sh", "-c", "read line; echo got $line; read line; exit 9"
    ).succeeded()
    process = docker.start("attach", name)
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"this\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"got this\n"
        process.stdin.write(b"that\n")
        process.stdin.close()
        assert process.wait(timeout=30) == 9
    finally:
        Follower(process).stop()


def test_logs_of_many_lines_by_pages(docker: Cli, name: str) -> None:
    """--tail n for several n is always the end of the whole."""
    docker("run", "--name", name, BASE, "seq", "1", "5000").succeeded()
    whole = docker("logs", name).succeeded().lines
    assert whole == [str(number) for number in range(1, 5001)]
    for count in (1, 2, 100, 4999, 5000, 6000):
        assert docker("logs", "--tail", str(count), name).succeeded().lines == whole[-count:]


def test_logs_between_two_times(docker: Cli, name: str) -> None:
    """--since and --until with the time stamps that -t prints."""
    docker("run", "--name", name, BASE, "sh", "-c", "for i in 1 2 3 4; do echo $i; sleep 0.05; done").succeeded()
    stamped = [line.split(" ", 1) for line in docker("logs", "-t", name).succeeded().lines]
    assert [line for _, line in stamped] == ["1", "2", "3", "4"]
    assert docker("logs", "--since", stamped[2][0], name).succeeded().lines == ["3", "4"]
    assert docker("logs", "--until", stamped[1][0], name).succeeded().lines == ["1", "2"]
