"""Completion, by the tab key in real shells."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from boxship.cli.complete.candidates import candidates
from boxship.cli.context import Cli as Context
from tests.support.cli import Cli
from tests.support.terminal import Terminal

Keep = Callable[[Terminal], Terminal]
SHELLS = {
    "bash": ["bash", "--noprofile", "--norc", "-i"],
    "fish": ["fish", "--no-config", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}
LOAD = {
    "bash": "PS1='ready> '; source <(boxship completion bash)\r",
    "fish": "function fish_prompt; echo -n 'ready> '; end; boxship completion fish | source\r",
    "zsh": "PS1='ready> '; autoload -U compinit; compinit -D; source <(boxship completion zsh)\r",
}


@pytest.fixture(params=sorted(SHELLS))
def shell(request: pytest.FixtureRequest, boxship: Cli, tmp_path: Path, terminals: Keep) -> Terminal:
    """A shell that has read the completion script."""
    program = tmp_path / "bin/boxship"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {" ".join(boxship.program)} "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    environment = boxship.environment | {"PATH": path, "HOME": str(tmp_path), "TERM": "xterm"}
    started = terminals(Terminal(SHELLS[request.param], environment, columns=200))
    started.send(LOAD[request.param])
    # The prompt's text stands once in the line that sets it.
    started.expect("ready> ")
    started.expect("ready> ")
    return started


def test_the_tab_key(shell: Terminal, boxship: Cli, name: str) -> None:
    """A command, a flag, a flag's value, a running container; and only those that run."""
    boxship("run", "-d", "--network", "none", "--name", name, "bx/base:1", "sleep", "1000").succeeded()
    shell.send("boxship rest\t")
    shell.expect("rest.*?art")
    shell.send(f"--time 0 {name[:-1]}\t\r")
    shell.expect(f"\n[^\n]*{name}")
    shell.expect("ready> ")
    shell.send("boxship ps --no-tr\t-q --filter ancest\tbx/base:1\r")
    shell.expect("\n[^\n]*[0-9a-f]{12}")


def words(*typed: str) -> list[str]:
    return [word for word, _ in candidates(Context("boxship"), list(typed))]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (("ru",), ["run"]),
        (("container", "ren"), ["rename"]),
        (("run", "--restart", "un"), ["unless-stopped"]),
        (
            (
                "run",
                "--restart=un",
            ),
            ["--restart=unless-stopped"],
        ),
        (("--host", "unix:///x", "ps", "--lat"), ["--latest"]),
        (("ps", "-f", "status=r"), []),
        (("kill", "-s", "US"), ["USR1", "USR2"]),
        (("run", "-it", "--name", "x", "image", "--h"), []),
        (("nothing", ""), []),
        (("info", ""), []),
    ],
)
def test_what_fits(typed: tuple[str, ...], expected: list[str]) -> None:
    assert words(*typed) == expected


def test_states_and_names(boxship: Cli, name: str) -> None:
    """What a verb can't do anything with is not offered."""
    boxship("create", "--name", f"{name}-made", "bx/base:1", "true").succeeded()
    boxship("run", "-d", "--network", "none", "--name", f"{name}-runs", "bx/base:1", "sleep", "1000").succeeded()

    def offered(*typed: str) -> list[str]:
        said = boxship("__complete", *typed, name).succeeded()
        return [line.partition("\t")[0].removeprefix(name) for line in said.lines]

    assert offered("stop") == ["-runs"]
    assert offered("start") == ["-made"]
    assert offered("logs") == ["-made", "-runs"]
    assert offered("rm", f"{name}-made") == ["-runs"]
    assert "bx/base:1" in boxship("__complete", "run", "bx/").succeeded().lines


def test_a_shell_that_is_none(boxship: Cli) -> None:
    said = boxship("completion", "tcsh")
    assert (said.code, said.error) == (1, "no completion for tcsh: there is one for bash, fish, zsh")


def test_no_engine_is_started_for_it(boxship: Cli, tmp_path: Path) -> None:
    cold = Cli((sys.executable, "-m", "boxship"), boxship.environment | {"DOCKER_HOST": f"unix://{tmp_path}/none"})
    assert cold("__complete", "stop", "").succeeded().out == b""
