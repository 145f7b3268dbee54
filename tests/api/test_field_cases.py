"""Faults that users met in other engines, and what is right: those about containers. By the real docker CLI."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.api import Api
from tests.support.cli import Cli

BASE = "bx/base:1"
ALONE = ("--network", "none")


@pytest.fixture(params=["docker", "boxship"])
def client(request: pytest.FixtureRequest) -> Cli:
    """The real command line, and ours."""
    found: Cli = request.getfixturevalue(request.param)
    return found


def test_the_short_syntax_makes_a_missing_source(client: Cli, name: str, scratch: Path) -> None:
    """14: `-v` makes the folder; `--mount` says that it is not there, and makes nothing."""
    missing = scratch / name / "short"
    client("run", "--rm", *ALONE, "-v", f"{missing}:/x", BASE, "touch", "/x/made").succeeded()
    assert (missing / "made").exists()
    other = scratch / name / "long"
    said = client("run", "--rm", *ALONE, "--mount", f"type=bind,src={other},dst=/x", BASE, "true")
    assert said.code == 125 and f"bind source path does not exist: {other}" in said.error
    assert not other.exists()


def test_an_extra_host_stays(client: Cli, name: str) -> None:
    """15: another container's start does not touch it, nor does its own next one."""
    client("run", "-d", *ALONE, "--name", name, "--add-host", "db.example:10.9.8.7", BASE, "sleep", "1000").succeeded()
    client("run", "--rm", *ALONE, BASE, "true").succeeded()
    assert "10.9.8.7\tdb.example" in client("exec", name, "cat", "/etc/hosts").succeeded().lines
    client("restart", "-t", "0", name).succeeded()
    assert "10.9.8.7\tdb.example" in client("exec", name, "cat", "/etc/hosts").succeeded().lines


def test_stdin_that_nobody_closes(client: Cli, name: str) -> None:
    """20: the client ends with the container, however long its standard input stays open."""
    process = client.start("run", "-i", "--rm", *ALONE, "--name", name, BASE, "true")
    assert process.stdout and process.stdin and process.stderr
    try:
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def test_an_exec_starts_once(api: Api, docker: Cli, name: str) -> None:
    """21"""
    docker("run", "-d", *ALONE, "--name", name, BASE, "sleep", "1000").succeeded()
    made = api.request("POST", f"/containers/{name}/exec", {"Cmd": ["sleep", "5"]}).json["Id"]
    assert api.request("POST", f"/exec/{made}/start", {"Detach": True}).status == 200
    again = api.request("POST", f"/exec/{made}/start", {"Detach": True})
    assert again.status == 409, again.value


def test_added_groups_are_there_for_execs(client: Cli, name: str) -> None:
    """22"""
    flags = ("--user", "1234:2345", "--group-add", "3456", "--group-add", "4567")
    client("run", "-d", *ALONE, "--name", name, *flags, "bx/rich:1", "sleep", "1000").succeeded()
    groups = client("exec", name, "id", "-G").succeeded().text.split()
    assert set(groups) == {"2345", "3456", "4567"}
    assert groups == client("exec", name, "sh", "-c", "id -G").succeeded().text.split()


@pytest.mark.parametrize(("command", "code"), [("/nowhere/at/all", 127), ("nothing-so-called", 127), ("/etc", 126)])
def test_an_exec_of_what_cannot_run(client: Cli, name: str, command: str, code: int) -> None:
    """23: told by the exit code, and in words."""
    client("run", "-d", *ALONE, "--name", name, BASE, "sleep", "1000").succeeded()
    said = client("exec", name, command)
    assert said.code == code
    words = "not found" if command.startswith("nothing") else "no such file" if code == 127 else "permission denied"
    assert words in said.error + said.text


def test_the_exit_code_of_an_attached_start(client: Cli, name: str) -> None:
    """24"""
    client("create", *ALONE, "--name", name, BASE, "sh", "-c", "echo said; exit 1").succeeded()
    said = client("start", "-a", name)
    assert (said.code, said.text) == (1, "said")


def test_a_variable_without_a_value(client: Cli, name: str) -> None:
    """25, the half of it about variables: one that the caller does not have is not set, and nothing breaks."""
    environment = {key: value for key, value in client.environment.items() if key != "NOT_SET"}
    own = Cli(client.program, environment | {"IS_SET": "yes"})
    said = own("run", "--rm", *ALONE, "--name", name, "-e", "NOT_SET", "-e", "IS_SET", BASE, "env").succeeded()
    assert "IS_SET=yes" in said.lines
    assert not any(line.startswith("NOT_SET") for line in said.lines)


def test_a_tmpfs_beats_the_images_volume(client: Cli, docker: Cli, name: str, tmp_path: Path) -> None:
    """18: VOLUME /foo in the image and --tmpfs /foo."""
    (tmp_path / "foo").mkdir()
    (tmp_path / "foo/of-the-image").write_text("x")
    busybox = docker("run", "--rm", *ALONE, BASE, "cat", "/bin/busybox").succeeded().out
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/busybox").write_bytes(busybox)
    (tmp_path / "bin/busybox").chmod(0o755)
    tar = subprocess.run(["tar", "c", "."], cwd=tmp_path, check=True, capture_output=True).stdout
    image = f"{name}:1"
    docker("import", "-c", "VOLUME /foo", "-", image, stdin=tar).succeeded()
    try:
        listing = client("run", "--rm", *ALONE, "--tmpfs", "/foo", image, "/bin/busybox", "mount").succeeded().text
        assert "tmpfs on /foo type tmpfs" in listing
        seen = client("run", "--rm", *ALONE, "--tmpfs", "/foo", image, "/bin/busybox", "ls", "/foo").succeeded()
        assert seen.text == ""
    finally:
        docker("rmi", "-f", image).succeeded()
