"""`boxship setup` on a machine that systemd runs: for real, and gone without a trace."""

import os
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
        said = call(str(PROGRAM), "setup", "--remove").stdout
    assert "removed      boxship.service" in said
    assert not [path for path in PLACES if os.path.lexists(path)]
    assert "bxtest" not in Path("/etc/group").read_text()
    assert "boxship.service" not in call("systemctl", "list-unit-files").stdout


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
