"""docker's plugins through our command line, and our command line by docker's name."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.support.cli import Cli

STACK = """
name: plugged
services:
  web:
    image: bx/base:1
    command: sleep 1000
    network_mode: none
"""


@pytest.fixture
def as_docker(boxship: Cli, client_home: Path, tmp_path: Path) -> Cli:
    """Our program, called docker, with the real compose and buildx beside it."""
    program = tmp_path / "docker"
    program.write_text(f"#!{sys.executable}\nimport sys\nfrom boxship.__main__ import main\nsys.exit(main())\n")
    program.chmod(0o755)
    config = {"cliPluginsExtraDirs": [str(client_home / "cli-plugins")]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    return Cli((str(program),), boxship.environment | {"DOCKER_CONFIG": str(tmp_path)})


def test_it_is_docker(as_docker: Cli) -> None:
    said = as_docker("ps", "x")
    assert said.error.splitlines()[0] == "docker: 'docker ps' accepts no arguments"
    assert as_docker("frobnicate").error.startswith("docker: unknown command: docker frobnicate")


def test_compose_runs(as_docker: Cli, tmp_path: Path) -> None:
    """The real plugin, with its own flags and ours before it."""
    (tmp_path / "compose.yaml").write_text(STACK)
    flags = ("compose", "-f", str(tmp_path / "compose.yaml"))
    assert as_docker("compose", "version", "--short").succeeded().text
    try:
        as_docker(*flags, "up", "-d").succeeded()
        assert as_docker("ps", "--format", "{{.Names}}", "-f", "name=plugged").lines == ["plugged-web-1"]
        host = as_docker.environment["DOCKER_HOST"]
        elsewhere = Cli(as_docker.program, as_docker.environment | {"DOCKER_HOST": "unix:///nowhere"})
        assert elsewhere("-H", host, *flags, "ps", "-q").succeeded().text
    finally:
        as_docker(*flags, "down", "-t", "0").succeeded()


def test_help_lists_them(as_docker: Cli) -> None:
    lines = as_docker("--help").succeeded().lines
    assert "Plugins:" in lines
    assert {"buildx", "compose"} <= {line.split()[0] for line in lines if line.startswith("  ")}


@pytest.mark.parametrize("name", ["../x", "X", "-x", "a/b", "."])
def test_names_that_are_no_plugins(as_docker: Cli, tmp_path: Path, name: str) -> None:
    """A command's name never becomes a path."""
    bad = tmp_path / "cli-plugins"
    bad.mkdir()
    (bad / "docker-X").write_text("#!/bin/sh\necho reached\n")
    (bad / "docker-X").chmod(0o755)
    said = as_docker("--", name) if name == "-x" else as_docker(name)
    assert said.code != 0 and b"reached" not in said.out
