"""`--init`: a small init before the command, which forwards signals and reaps what others leave behind."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.api import Api
from tests.support.cli import Cli, docker_cli
from tests.support.engine import Engine

BASE = "bx/base:1"
INIT = "/sbin/docker-init"


def test_the_command_runs_below_it(docker: Cli, name: str) -> None:
    """Its arguments stand behind `--`, and it is the host's program, which the container can't change."""
    script = f"tr '\\0' ' ' </proc/1/cmdline; echo; cat /proc/1/comm; echo x >{INIT}; exit 7"
    said = docker("run", "--init", "--name", name, BASE, "sh", "-c", script)
    assert said.code == 7
    assert said.lines[0].startswith(f"{INIT} -- sh -c ")
    assert said.lines[1] == "docker-init"
    assert "Read-only file system" in said.error


def test_it_reaps_orphans(docker: Cli, name: str) -> None:
    """A process whose parent is gone does not stay a zombie, which a plain shell would leave."""
    orphan = "(sh -c 'sleep 0.1' & ) ; sleep 0.1; (sleep 0.2 &); exec sleep 60"
    count = "grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l"
    for option, zombies in (("--init=true", 0), ("--init=false", 1)):
        docker("run", "-d", option, "--name", f"{name}-{zombies}", BASE, "sh", "-c", orphan).succeeded()
        seen = -1
        for _ in range(50):
            seen = int(docker("exec", f"{name}-{zombies}", "sh", "-c", f"sleep 0.1; {count}").succeeded().text)
            if bool(seen) == bool(zombies):
                break
        assert bool(seen) == bool(zombies), f"{option}: {seen} zombies"


def test_it_forwards_signals(docker: Cli, name: str) -> None:
    """`sleep` as process 1 would not hear SIGTERM; below an init it ends by it, and the exit code tells."""
    docker("run", "-d", "--init", "--name", name, BASE, "sleep", "1000").succeeded()
    docker("stop", "-t", "60", name).succeeded()
    assert docker("inspect", "-f", "{{.State.ExitCode}}", name).text == "143"


def test_what_inspect_says(docker: Cli, name: str) -> None:
    """The command stays the person's own."""
    docker("create", "--init", "--name", name, BASE, "sleep", "1").succeeded()
    found = json.loads(docker("inspect", name).succeeded().text)[0]
    assert (found["Path"], found["Args"], found["HostConfig"]["Init"]) == ("sleep", ["1"], True)


def test_with_the_hosts_processes(docker: Cli, name: str) -> None:
    """In the host's pid namespace there is an init already."""
    said = docker("run", "--rm", "--init", "--pid", "host", "--name", name, BASE, "sh", "-c", f"ls {INIT}; exec true")
    assert said.code == 0
    assert "No such file" in said.error


def test_read_only_root(docker: Cli, name: str) -> None:
    """The place for it is there already, so a read-only root and a dropped user take it, too."""
    said = docker(*f"run --rm --init --read-only -u 1000 --cap-drop ALL --name {name} {BASE} cat /proc/1/comm".split())
    assert (said.code, said.text) == (0, "docker-init")


@pytest.mark.parametrize("by_file", [True, False])
def test_the_daemons_option(client_home: Path, image_archive: bytes, tmp_path: Path, by_file: bool) -> None:
    """`--init` and `--init-path` of the daemon: containers get it that don't say otherwise."""
    chosen = tmp_path / "own-init"
    chosen.symlink_to("/usr/bin/tini-static")
    settings = tmp_path / "config.toml"
    settings.write_text(f'init = true\ninit-path = "{chosen}"\n')
    options = ("--config", str(settings)) if by_file else ("--init", "--init-path", str(chosen))
    engine = Engine(*options).start()
    try:
        engine.api.request("POST", "/images/load", image_archive, headers={"Content-Type": "application/x-tar"})
        docker = docker_cli(client_home, engine.host, tmp_path / "docker")
        assert docker("info", "-f", "{{.InitBinary}}").text == "own-init"
        assert docker("run", "--rm", BASE, "cat", "/proc/1/comm").succeeded().text == "docker-init"
        assert docker("run", "--rm", "--init=false", BASE, "cat", "/proc/1/comm").succeeded().text == "cat"
    finally:
        engine.close()


def test_an_init_that_is_not_there(tmp_path: Path) -> None:
    """The daemon does not start with a promise that it can't keep."""
    engine = Engine("--init-path", str(tmp_path / "none"))
    try:
        with pytest.raises(AssertionError, match="no such program"):
            engine.start()
    finally:
        engine.close()


def test_info_names_it(api: Api) -> None:
    """docker info shows the program's name."""
    assert api.request("GET", "/info").json["InitBinary"] in {"docker-init", "tini-static", "catatonit"}
    assert os.access("/usr/bin/tini-static", os.X_OK), "make test installs tini"
