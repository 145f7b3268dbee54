"""What the hot verbs import: start-up time is a feature, and every module of this list costs milliseconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import boxship as package
from tests.support.engine import Engine

HEAVY = (
    "argparse", "asyncio", "collections", "concurrent", "contextlib", "dataclasses", "datetime", "email", "enum",
    "functools", "hashlib", "http", "importlib", "inspect", "json", "logging", "msgspec", "pathlib", "re", "selectors",
    "signal", "socket", "ssl", "struct", "subprocess", "tempfile", "threading", "types", "typing", "urllib",
)  # fmt: skip
BASE = "bx/base:1"
# How a launcher starts the program, without what this environment's own start-up files import.
START = "import sys; sys.path.insert(0, {!r}); from boxship.__main__ import main; sys.exit(main(sys.argv[1:]))"


def _imported(engine: Engine, *arguments: str) -> set[str]:
    source = str(Path(package.__file__).parent.parent)
    command = [
        sys.executable,
        "-I",
        "-S",
        "-X",
        "importtime",
        "-c",
        START.format(source),
        "-H",
        engine.host,
        *arguments,
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    lines = [line.split("|")[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    assert done.returncode in (0, 1), done.stderr
    assert "boxship.cli.main" in lines
    return {line.split(".")[0] for line in lines}


def test_hot_verbs_import_almost_nothing(engine: Engine, name: str) -> None:
    verbs = (
        ("run", "-d", "--name", name, "--network", "none", BASE, "sleep", "600"),
        ("run", "--rm", "--network", "none", "-e", "A=b", "-v", "/tmp:/x", "-p", "80:80", BASE, "true"),
        ("ps", "-a"),
        ("exec", name, "true"),
        ("logs", name),
        ("inspect", name),
        ("stop", "-t", "0", name),
        ("start", name),
        ("rm", "-f", name),
        ("images",),
    )
    for verb in verbs:
        imported = _imported(engine, *verb)
        assert not imported & set(HEAVY), f"{' '.join(verb)}: {sorted(imported & set(HEAVY))}"


@pytest.mark.parametrize("arguments", [("--version",), ("ps", "--nosuch")])
def test_what_needs_no_engine_asks_none(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "boxship", "-H", "unix:///nosuch.sock", *arguments],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"nosuch.sock" not in done.stderr
