"""The docker CLI and our own, in an environment of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.terminal import Terminal


@dataclass(frozen=True)
class Said:
    """What a finished command said."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """Its standard output as text, without the last newline."""
        return self.out.decode(errors="replace").rstrip("\n")

    @property
    def error(self) -> str:
        """Its standard error as text, without the last newline."""
        return self.err.decode(errors="replace").rstrip("\n")

    @property
    def lines(self) -> list[str]:
        """The lines of its standard output."""
        return self.text.splitlines()

    def succeeded(self) -> Said:
        """Itself, when it succeeded."""
        assert self.code == 0, f"exit code {self.code}\nstdout: {self.text}\nstderr: {self.error}"
        return self


class Cli:
    """A command line client that talks to one engine."""

    def __init__(self, program: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self.program = program
        self.environment = dict(environment)

    def __call__(self, *args: str, stdin: bytes | None = None, timeout: float = 100) -> Said:
        """Run to the end. Without input it reads /dev/null."""
        command = [*self.program, *args]
        if stdin is None:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=self.environment,
                timeout=timeout,
                check=False,
            )
        else:
            done = subprocess.run(
                command, input=stdin, capture_output=True, env=self.environment, timeout=timeout, check=False
            )
        return Said(done.returncode, done.stdout, done.stderr)

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        """Start with pipes on all three streams; the caller ends it."""
        pipe = subprocess.PIPE
        return subprocess.Popen([*self.program, *args], stdin=pipe, stdout=pipe, stderr=pipe, env=self.environment)

    def terminal(self, *args: str, rows: int = 24, columns: int = 80) -> Terminal:
        """Start in a pseudo-terminal; the caller closes it."""
        return Terminal([*self.program, *args], self.environment | {"TERM": "xterm"}, rows=rows, columns=columns)


def docker_cli(home: Path, host: str, config: Path) -> Cli:
    """The docker CLI of tools.clients with compose and buildx; `config` becomes its private DOCKER_CONFIG."""
    config.mkdir(parents=True, exist_ok=True)
    (config / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": [str(home / "cli-plugins")]}))
    return Cli((str(home / "bin/docker"),), _environment(host, config) | {"DOCKER_CONFIG": str(config)})


def boxship_cli(host: str, config: Path) -> Cli:
    """Our own CLI of this interpreter."""
    return Cli((sys.executable, "-m", "boxship"), _environment(host, config))


def _environment(host: str, home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONDONTWRITEBYTECODE") if name in os.environ}
    return kept | {"HOME": str(home), "DOCKER_HOST": host, "LC_ALL": "C.UTF-8", "DOCKER_CLI_HINTS": "false"}
