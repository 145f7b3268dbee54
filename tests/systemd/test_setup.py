"""`boxship setup` on a machine that systemd runs: for real, and gone without a trace."""

import grp
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Cli, docker_cli

PROGRAM = Path(sys.executable).with_name("boxship")
HOST = "unix:///run/boxship/boxship.sock"
BASE = "bx/base:1"
PLACES = (
    "/etc/systemd/system/boxship.service",
    "/etc/systemd/system/multi-user.target.wants/boxship.service",
    "/usr/local/share/bash-completion/completions/boxship",
    "/etc/boxship/setup.json",
)


def call(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def removed() -> None:
    """Undo a setup; nothing of it may be left."""
    said = call(str(PROGRAM), "setup", "--remove").stdout
    assert "removed      boxship.service" in said
    assert not [path for path in PLACES if os.path.lexists(path)]
    assert "bxtest" not in Path("/etc/group").read_text()
    assert "boxship.service" not in call("systemctl", "list-unit-files").stdout


@pytest.fixture
def installed(client_home: Path, image_archive: bytes, tmp_path: Path) -> Iterator[Cli]:
    """boxship.service, running, and the docker CLI against it."""
    assert not [path for path in PLACES if os.path.lexists(path)], "this machine has a Boxship of its own"
    try:
        said = call(str(PROGRAM), "setup", "--group", "bxtest").stdout
        assert "made         /etc/systemd/system/boxship.service" in said
        docker = docker_cli(client_home, HOST, tmp_path / "docker")
        (tmp_path / "images.tar").write_bytes(image_archive)
        docker("load", "-i", str(tmp_path / "images.tar")).succeeded()
        yield docker
        for container in docker("ps", "-aq").succeeded().lines:
            docker("rm", "-f", container)
        docker("rmi", "-f", *docker("images", "-q").succeeded().lines)
    finally:
        removed()


def test_a_restart_of_the_service_ends_no_container(installed: Cli):
    docker = installed
    numbers = range(20)
    for number in numbers:
        docker("run", "-d", "--name", f"s{number}", BASE, "sleep", "3600").succeeded()
    names = [f"s{number}" for number in numbers]
    pids = docker("inspect", "-f", "{{.State.Pid}}", *names).succeeded().lines
    daemon = call("systemctl", "show", "-P", "MainPID", "boxship").stdout
    inode = os.stat("/run/boxship/boxship.sock").st_ino

    call("systemctl", "restart", "boxship")

    assert call("systemctl", "show", "-P", "MainPID", "boxship").stdout != daemon
    assert os.stat("/run/boxship/boxship.sock").st_ino == inode
    assert docker("inspect", "-f", "{{.State.Pid}}", *names).succeeded().lines == pids
    assert all(os.path.exists(f"/proc/{pid}") for pid in pids)
    assert len(docker("ps", "-q").succeeded().lines) == 20
    assert docker("exec", "s7", "echo", "well").succeeded().text == "well"

    # A crash: systemd starts another one.
    call("systemctl", "kill", "-s", "KILL", "--kill-whom", "main", "boxship")
    deadline = time.monotonic() + 120
    while call("systemctl", "is-active", "boxship", check=False).stdout.strip() != "active" or docker("ps").code:
        assert time.monotonic() < deadline
        time.sleep(1)
    assert docker("inspect", "-f", "{{.State.Pid}}", *names).succeeded().lines == pids


def test_what_is_set_up_twice_is_set_up_once(installed: Cli):
    again = call(str(PROGRAM), "setup", "--group", "bxtest").stdout
    assert "there already /etc/systemd/system/boxship.service" in again
    assert installed("version").code == 0
    dry = call(str(PROGRAM), "setup", "--remove", "--dry-run").stdout
    assert "would remove /etc/systemd/system/boxship.service" in dry
    assert os.path.exists("/etc/systemd/system/boxship.service")


def test_a_service_that_does_not_start_is_removed_whole():
    """Enabled it was, and systemd would go on trying."""
    assert not [path for path in PLACES if os.path.lexists(path)], "this machine has a Boxship of its own"
    config = Path("/etc/boxship/config.toml")
    assert not config.exists(), "this machine has a Boxship of its own"
    config.parent.mkdir(exist_ok=True)
    config.write_text("no-such-option = 1\n")
    try:
        said = call(str(PROGRAM), "setup", "--group", "bxtest", check=False)
        assert said.returncode == 1 and "boxship.service" in said.stderr
    finally:
        config.unlink()
        removed()
    assert call("systemctl", "is-active", "boxship", check=False).stdout.strip() == "inactive"


@pytest.fixture
def free_socket() -> Iterator[Path]:
    """Docker's socket on a machine without Docker."""
    path = Path("/run/docker.sock")
    assert not path.exists(), "this machine has a Docker"
    yield path
    path.unlink(missing_ok=True)


def test_dockers_socket(client_home: Path, free_socket: Path, tmp_path: Path):
    """Where no other engine has it, also one that no unit of systemd's tells of; a name that is left over is nobody."""
    assert not [path for path in PLACES if os.path.lexists(path)], "this machine has a Boxship of its own"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(free_socket))
        other.listen(1)
        refused = call(str(PROGRAM), "setup", "--docker-socket", "--group", "bxtest", check=False)
        assert refused.returncode == 1 and "another engine listens at /run/docker.sock" in refused.stderr
        assert not [path for path in PLACES if os.path.lexists(path)]
    try:
        call(str(PROGRAM), "setup", "--docker-socket", "--group", "bxtest")
        status = free_socket.stat()
        assert (grp.getgrgid(status.st_gid).gr_name, stat.S_IMODE(status.st_mode)) == ("bxtest", 0o660)
        engines = {
            docker_cli(client_home, host, tmp_path / "docker")("info", "-f", "{{.ID}}").succeeded().text
            for host in ("unix:///var/run/docker.sock", HOST)
        }
        assert len(engines) == 1
        again = call(str(PROGRAM), "setup", "--docker-socket", "--group", "bxtest").stdout
        assert "there already /etc/systemd/system/boxship.service" in again
        call("systemctl", "restart", "boxship")
        docker_cli(client_home, "unix:///var/run/docker.sock", tmp_path / "docker")("version").succeeded()
    finally:
        removed()
    assert not free_socket.exists()


def test_dockers_socket_is_not_taken_from_another_engine_by_a_second_setup(installed: Cli, free_socket: Path):
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(free_socket))
        other.listen(1)
        refused = call(str(PROGRAM), "setup", "--docker-socket", "--group", "bxtest", check=False)
    assert refused.returncode == 1 and "another engine listens at /run/docker.sock" in refused.stderr
    assert "docker.sock" not in Path("/etc/systemd/system/boxship.service").read_text()
