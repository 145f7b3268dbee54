"""Our command line on our engine: what each verb does to containers and images."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from tests.support.cli import Cli

BASE = "bx/base:1"
SIZE = 100_000_000


def test_run_gives_the_streams_and_the_exit_code(boxship: Cli) -> None:
    said = boxship("run", "--rm", "--network", "none", BASE, "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (said.code, said.out, said.err) == (7, b"out\n", b"err\n")


def test_run_reads_standard_input_to_its_end(boxship: Cli) -> None:
    said = boxship("run", "-i", "--rm", "--network", "none", BASE, "cat", stdin=b"one\ntwo")
    assert (said.code, said.out) == (0, b"one\ntwo")


def test_run_without_i_does_not_read(boxship: Cli) -> None:
    assert boxship("run", "--rm", "--network", "none", BASE, "cat", stdin=b"one").out == b""


def test_a_hundred_megabytes_there_and_back(boxship: Cli) -> None:
    data = os.urandom(SIZE // 100) * 100
    said = boxship("run", "-i", "--rm", "--network", "none", BASE, "cat", stdin=data)
    assert hashlib.sha256(said.out).digest() == hashlib.sha256(data).digest()
    summed = boxship("run", "-i", "--rm", "--network", "none", BASE, "sha256sum", stdin=data)
    assert summed.text.split()[0] == hashlib.sha256(data).hexdigest()


def test_run_in_the_background(boxship: Cli, name: str, tmp_path: Path) -> None:
    cidfile = tmp_path / "cid"
    said = boxship("run", "-d", "--name", name, "--cidfile", str(cidfile), BASE, "sleep", "60").succeeded()
    assert said.text == cidfile.read_text()
    assert boxship("ps", "-q", "--no-trunc", "--filter", f"name={name}").text == said.text
    refused = boxship("run", "-d", "--cidfile", str(cidfile), BASE, "true")
    assert (refused.code, "container ID file found" in refused.error) == (125, True)


@pytest.mark.parametrize(
    ("command", "code"), [(("nosuch",), 127), (("/etc",), 126), (("sh", "-c", "exit 130"), 130), (("false",), 1)]
)
def test_exit_codes_as_a_shell_gives_them(boxship: Cli, command: tuple[str, ...], code: int) -> None:
    assert boxship("run", "--rm", BASE, *command).code == code


def test_a_missing_image(boxship: Cli, name: str) -> None:
    said = boxship("run", "--name", name, "nosuch:1")
    assert said.code == 125
    assert said.error.startswith("Unable to find image 'nosuch:1' locally\nboxship: ")
    quiet = boxship("run", "--pull", "never", "nosuch:1")
    assert (quiet.code, "Unable to find" in quiet.error) == (125, False)


def test_rm_removes_when_the_process_has_ended(boxship: Cli, name: str) -> None:
    boxship("run", "--rm", "--name", name, BASE, "true").succeeded()
    assert boxship("ps", "-aq", "--filter", f"name={name}").text == ""


def test_signals_are_passed_on(boxship: Cli, name: str) -> None:
    trap = "trap 'echo got; exit 5' USR1; echo ready; while :; do sleep 0.1; done"
    running = boxship.start("run", "--rm", "--network", "none", "--name", name, BASE, "sh", "-c", trap)
    assert running.stdout is not None
    assert running.stdout.readline() == b"ready\n"
    running.send_signal(signal.SIGUSR1)
    out, _ = running.communicate(timeout=60)
    assert (running.returncode, out) == (5, b"got\n")


def test_signals_are_kept_where_that_is_asked(boxship: Cli, name: str) -> None:
    sleeps = "echo ready; sleep 600"
    running = boxship.start("run", "--sig-proxy=false", "--network", "none", "--name", name, BASE, "sh", "-c", sleeps)
    assert running.stdout is not None
    assert running.stdout.readline() == b"ready\n"
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert running.returncode == -signal.SIGTERM
    assert boxship("inspect", "-f", "{{.State.Running}}", name).text == "true"


def test_a_reader_that_goes_away_ends_the_client_as_any_program(boxship: Cli, name: str) -> None:
    boxship("run", "-d", "--name", name, BASE, "sh", "-c", "yes | head -c 1000000; sleep 600").succeeded()
    following = boxship.start("logs", "-f", name)
    assert following.stdout is not None
    following.stdout.read(10)
    following.stdout.close()
    assert following.wait(60) == -signal.SIGPIPE


def test_the_life_of_a_container(boxship: Cli, name: str) -> None:
    boxship("create", "--name", name, BASE, "sh", "-c", "echo line; sleep 600").succeeded()
    assert boxship("start", name).succeeded().text == name
    assert boxship("stop", "-t", "0", name).succeeded().text == name
    assert boxship("wait", name).succeeded().text == "137"
    assert boxship("start", name, "nosuch").code == 1
    assert boxship("restart", "-t", "0", name).succeeded().text == name
    assert boxship("kill", "-s", "KILL", name).succeeded().text == name
    lines = boxship("logs", "-t", name).succeeded().lines
    assert [line.split(" ", 1)[1] for line in lines] == ["line"] * 3
    assert boxship("rm", name).succeeded().text == name


def test_several_containers_are_stopped_together(boxship: Cli, name: str) -> None:
    names = [f"{name}-{number}" for number in range(4)]
    for one in names:
        boxship("run", "-d", "--name", one, "--network", "none", BASE, "sleep", "600").succeeded()
    said = boxship("rm", "-f", *names, f"{name}-absent")
    assert (said.code, said.lines) == (0, names)
    assert said.error == f"Error response from daemon: No such container: {name}-absent"


def test_start_attached(boxship: Cli, name: str) -> None:
    boxship("create", "-i", "--name", name, BASE, "sh", "-c", "cat; exit 3").succeeded()
    said = boxship("start", "-ai", name, stdin=b"typed")
    assert (said.code, said.out) == (3, b"typed")


def test_attach_sees_what_comes_and_the_exit_code(boxship: Cli, name: str) -> None:
    boxship("run", "-di", "--name", name, BASE, "sh", "-c", "read line; echo got $line; exit 4").succeeded()
    attached = boxship.start("attach", name)
    assert attached.stdin is not None and attached.stdout is not None
    attached.stdin.write(b"it\n")
    attached.stdin.flush()  # and left open: its end would end the attachment, as Docker's does
    assert attached.stdout.read() == b"got it\n"
    assert attached.wait(60) == 4
    attached.stdin.close()


def test_exec(boxship: Cli, name: str) -> None:
    boxship("run", "-d", "--name", name, "--network", "none", BASE, "sleep", "600").succeeded()
    said = boxship("exec", "-e", "A=5", "-w", "/tmp", name, "sh", "-c", "echo $A; pwd; echo err >&2; exit 9")
    assert (said.code, said.out, said.err) == (9, b"5\n/tmp\n", b"err\n")
    assert boxship("exec", "-i", name, "cat", stdin=b"typed").out == b"typed"
    assert boxship("exec", name, "cat", stdin=b"typed").out == b""
    assert boxship("exec", name, "nosuch").code == 127
    boxship("exec", "-d", name, "sh", "-c", "echo > /tmp/made").succeeded()
    boxship("exec", name, "sh", "-c", "while [ ! -e /tmp/made ]; do sleep 0.05; done").succeeded()


def test_logs_follow_to_the_end(boxship: Cli, name: str) -> None:
    script = "echo one; echo two >&2; sleep 0.3; echo three"
    boxship("run", "-d", "--name", name, "--network", "none", BASE, "sh", "-c", script).succeeded()
    said = boxship("logs", "-f", name)
    assert (said.out, said.err) == (b"one\nthree\n", b"two\n")
    assert boxship("logs", "--tail", "1", name).out == b"three\n"


def test_events(boxship: Cli, name: str) -> None:
    boxship("run", "--rm", "--name", name, "--network", "none", BASE, "true").succeeded()
    only = ["--since", "5m", "--until=-1s", "--filter", f"container={name}", "--filter", "type=container"]
    actions = boxship("events", *only, "--format", "{{.Action}} {{.Actor.Attributes.name}}").succeeded().lines
    expected = ["create", "attach", "start", "die", "destroy"]
    assert [action for action in actions if action.split()[0] in expected] == [f"{what} {name}" for what in expected]
    whole = boxship("events", *only).succeeded().lines[0]
    assert " container create " in whole and whole.endswith(f"(image={BASE}, name={name})")


def test_events_come_as_they_happen(boxship: Cli, name: str) -> None:
    watching = boxship.start("events", "--filter", f"container={name}", "--format", "{{.Action}}", "--since", "1s")
    assert watching.stdout is not None
    boxship("create", "--name", name, BASE, "true").succeeded()
    assert watching.stdout.readline() == b"create\n"
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=60)
    assert watching.returncode == -signal.SIGINT


def test_images(boxship: Cli, image_archive: bytes, tmp_path: Path) -> None:
    path = tmp_path / "images.tar"
    path.write_bytes(image_archive)
    assert "Loaded image: bx/base:1" in boxship("load", "-i", str(path)).succeeded().lines
    assert "Loaded image: bx/rich:1" in boxship("load", "-q", stdin=image_archive).succeeded().lines
    boxship("tag", BASE, "cli/tagged:2").succeeded()
    assert boxship("images", "-q", "cli/tagged:2").text == boxship("images", "-q", BASE).text
    assert boxship("rmi", "cli/tagged:2").succeeded().text == "Untagged: cli/tagged:2"


def test_import(boxship: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    archive = subprocess.run(["tar", "-C", str(tmp_path), "-c", "file"], capture_output=True, check=True).stdout
    said = boxship("import", "-c", "CMD /run me", "-m", "made", "-", "cli/imported:1", stdin=archive).succeeded()
    assert said.text.startswith("sha256:")
    shown = boxship("inspect", "-f", "{{.Id}} {{.Config.Cmd}} {{.Comment}}", "cli/imported:1").succeeded().text
    assert shown == f"{said.text} [/bin/sh -c /run me] made"
    assert boxship("rmi", "cli/imported:1").succeeded().lines[0] == "Untagged: cli/imported:1"


def test_container_and_image_forms(boxship: Cli, name: str) -> None:
    boxship("container", "create", "--name", name, BASE, "true").succeeded()
    assert boxship("container", "ls", "-aq", "--filter", f"name={name}").text
    assert boxship("image", "ls", "-q", BASE).text
    assert boxship("container", "rm", name).succeeded().text == name


def test_a_misspelt_verb_or_flag_gets_the_likely_one(boxship: Cli) -> None:
    assert "did you mean boxship events?" in boxship("evnets").error
    assert "did you mean --name?" in boxship("run", "--nmae", "x", BASE).error
    assert "did you mean" not in boxship("xyzzy").error


@pytest.mark.parametrize("verb", ["run", "ps", "exec", "container ls", "image rm", "load"])
def test_help(boxship: Cli, verb: str) -> None:
    said = boxship(*verb.split(), "--help").succeeded()
    assert said.lines[0].startswith(f"Usage:  boxship {verb} ")
    assert boxship("help", *verb.split()).succeeded().out == said.out


def test_no_engine(tmp_path: Path, boxship: Cli) -> None:
    said = boxship("-H", f"unix://{tmp_path}/absent.sock", "ps")
    assert said.code == 1
    assert said.error.startswith(f"Cannot connect to the engine at unix://{tmp_path}/absent.sock.")
    assert "boxship daemon -H" in said.error
    version = boxship("-H", f"unix://{tmp_path}/absent.sock", "version")
    assert (version.code, version.lines[0]) == (1, "Client: Boxship")


def test_both_ways_at_once_with_slow_ends(boxship: Cli) -> None:
    """A container that answers while it is still being written to, and a reader that waits before it reads."""
    running = boxship.start("run", "-i", "--rm", "--network", "none", BASE, "cat")
    assert running.stdin is not None and running.stdout is not None
    data = os.urandom(1 << 20) * 20
    stdin = running.stdin

    def feed() -> None:
        stdin.write(data)
        stdin.close()

    writer = threading.Thread(target=feed)
    writer.start()
    digest = hashlib.sha256()
    while piece := running.stdout.read(1 << 16):
        digest.update(piece)
    writer.join(60)
    assert running.wait(60) == 0
    assert digest.digest() == hashlib.sha256(data).digest()
