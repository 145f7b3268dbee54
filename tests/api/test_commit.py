"""`docker commit`: what a container has changed is in the image, and nothing else."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from io import BytesIO

import pytest

from tests.support.cli import Cli

CHANGE = """echo new >/new; rm /etc/group; rm -r /var; mkdir /var; echo v >/var/v; ln /new /hard; ln -s /new /soft
mkfifo /pipe; chmod 4755 /new; chown 70000:70001 /new; touch -d 2001-02-03 /new; mkdir -p /a/b; cp -p /bin/sh /a/sh"""


@pytest.fixture(params=["docker", "boxship"])
def cli(request: pytest.FixtureRequest) -> Cli:
    """Each of the two."""
    found: Cli = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def image(docker: Cli, name: str) -> Iterator[str]:
    """A name for an image, which is removed."""
    yield f"{name}:made"
    docker("rm", "-f", f"{name}-again")
    docker("rmi", "-f", f"{name}:made")


def tree(docker: Cli, container: str) -> dict[str, tuple[bytes, int, int, int, float, str]]:
    """All that a container holds, but for the files that the engine gives each."""
    with tarfile.open(fileobj=BytesIO(docker("export", container).succeeded().out)) as opened:
        return {m.name: (m.type, m.mode, m.uid, m.gid, m.mtime, m.linkname) for m in opened if m.name != "etc"}


@pytest.mark.parametrize("running", [False, True], ids=["stopped", "running"])
def test_the_tree_is_the_same(cli: Cli, docker: Cli, name: str, image: str, running: bool) -> None:
    """A container of the new image holds what the first one held: owners, modes, times, links, and what is gone."""
    command = ("sleep", "1000") if running else ("sh", "-c", CHANGE)
    docker("run", "-d", "--name", name, "bx/base:1", *command).succeeded()
    if running:
        docker("exec", name, "sh", "-c", CHANGE).succeeded()
    else:
        docker("wait", name).succeeded()
    before = tree(docker, name)
    made = cli("commit", "-m", "why", name, image).succeeded().text
    assert made.startswith("sha256:")
    docker("create", "--name", f"{name}-again", image, "true").succeeded()
    assert tree(docker, f"{name}-again") == before
    assert "etc/group" not in before and "var/v" in before
    assert docker("diff", f"{name}-again").succeeded().text == ""


def test_an_image_of_an_image(cli: Cli, docker: Cli, name: str, image: str) -> None:
    """What a second layer removes of the first stays gone (case 4)."""
    docker("run", "--name", name, "bx/base:1", "sh", "-c", "echo >/one; echo >/two").succeeded()
    cli("commit", name, image).succeeded()
    docker("rm", name).succeeded()
    docker("run", "--name", name, image, "rm", "/one").succeeded()
    cli("commit", "-c", "CMD ls /", name, image).succeeded()
    said = docker("run", "--name", f"{name}-again", image).succeeded().lines
    assert "two" in said and "one" not in said
